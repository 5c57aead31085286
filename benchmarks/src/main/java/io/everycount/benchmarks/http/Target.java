// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import io.everycount.benchmarks.Samples;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a request may cost the adapter, as a multiple of what another costs.
 *
 * @param rival who answers the other request
 * @param most the most that the median of the ratios may be
 */
record Target(LoadCase load, String rival, LoadCase rivalLoad, double most) {
    /** All there are. */
    static final List<Target> ALL = List.of(
            new Target(LoadCase.FORM, Contender.NETTY, LoadCase.FORM, 1.3),
            new Target(LoadCase.JSON, Contender.NETTY, LoadCase.JSON, 1.3),
            new Target(LoadCase.FORM, Contender.SPRING, LoadCase.FORM, 0.55),
            new Target(LoadCase.JSON, Contender.SPRING, LoadCase.JSON, 0.55),
            new Target(LoadCase.ARRAY, Contender.ADAPTER, LoadCase.JSON, 15),
            new Target(LoadCase.TEXT, Contender.ADAPTER, LoadCase.ARRAY, 0.6));

    /** The ratio; empty if one of the two was not measured. */
    Optional<Samples> ratio(Map<String, Map<LoadCase, Samples>> results) {
        Samples ours = results.getOrDefault(Contender.ADAPTER, Map.of()).get(load);
        Samples theirs = results.getOrDefault(rival, Map.of()).get(rivalLoad);
        return ours == null || theirs == null ? Optional.empty() : Optional.of(ours.over(theirs));
    }

    /** Whether the ratio is small enough. */
    boolean isMet(Samples ratio) {
        return ratio.median() <= most;
    }

    /** For people. */
    @Override
    public String toString() {
        return "adapter, " + load.title + " / " + rival + ", " + rivalLoad.title;
    }
}
