// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts what was turned away, by reason. Thread-safe. */
final class Rejections {
    private final LongAdder[] counts = new LongAdder[RejectedException.Reason.values().length];

    Rejections() {
        Arrays.setAll(counts, reason -> new LongAdder());
    }

    void count(RejectedException.Reason reason) {
        counts[reason.ordinal()].increment();
    }

    /** So far, without the reasons that have not occurred. */
    Map<RejectedException.Reason, Long> counts() {
        Map<RejectedException.Reason, Long> now = new EnumMap<>(RejectedException.Reason.class);
        for (RejectedException.Reason reason : RejectedException.Reason.values()) {
            long count = counts[reason.ordinal()].sum();
            if (count != 0) {
                now.put(reason, count);
            }
        }
        return now;
    }
}
