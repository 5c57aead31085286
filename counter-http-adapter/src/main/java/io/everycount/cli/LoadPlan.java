// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.AckLevel;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a load run is to do. Immutable.
 *
 * @param targets adapters, asked in turn; one or more
 * @param increments how many to send at most
 * @param duration how long to send at most; null for as long as it takes
 * @param connections how many requests may be under way at once
 * @param rate increments a second; 0 for as fast as answers come
 * @param keys the keys
 * @param choice which increment has which key
 * @param bulk how many increments a request has
 * @param format how they are written
 * @param ack the acknowledgement that is asked for; null for none
 * @param timeout how long to wait for an answer
 * @param apiKey to send; null for none
 */
record LoadPlan(
        List<URI> targets,
        long increments,
        @Nullable Duration duration,
        int connections,
        double rate,
        List<String> keys,
        KeyChoice choice,
        int bulk,
        BodyFormat format,
        @Nullable AckLevel ack,
        Duration timeout,
        @Nullable Secret apiKey) {

    /** How many requests that makes. */
    long requests() {
        return (increments + bulk - 1) / bulk;
    }

    /** When a request is due, after the start; always at once if there is no rate. */
    long dueNanos(long request) {
        return rate == 0 ? 0 : (long) (request * (double) bulk / rate * 1e9);
    }

    /** The keys' indexes of a request's increments. */
    int[] keysOf(long request) {
        long first = request * bulk;
        int[] indexes = new int[(int) Math.min(bulk, increments - first)];
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = choice.key(first + i);
        }
        return indexes;
    }

    /** The index of a request's target. */
    int target(long request) {
        return (int) (request % targets.size());
    }

    /** The keys of some indexes. */
    List<String> names(int[] indexes) {
        List<String> names = new ArrayList<>(indexes.length);
        for (int index : indexes) {
            names.add(keys.get(index));
        }
        return names;
    }
}
