// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import java.util.List;
import java.util.stream.IntStream;

/** The same measured several times, in order. Immutable; never empty. */
public record Samples(List<Double> values) {
    /** Copies the list. */
    public Samples {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("there are no samples");
        }
        values = List.copyOf(values);
    }

    /** The one in the middle, or the mean of the two there. */
    public double median() {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The least of them. */
    public double least() {
        return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    /** The most of them. */
    public double most() {
        return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    /**
     * Each as a multiple of the other's of the same round: what slows a round down slows down both.
     *
     * @throws IllegalArgumentException if the other has not as many
     */
    public Samples over(Samples other) {
        if (other.values.size() != values.size()) {
            throw new IllegalArgumentException(values.size() + " samples over " + other.values.size());
        }
        return new Samples(IntStream.range(0, values.size())
                .mapToObj(i -> values.get(i) / other.values.get(i))
                .toList());
    }
}
