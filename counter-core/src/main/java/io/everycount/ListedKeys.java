// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.flush.Pipeline;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A copy of the keys of {@link Increments}, whose array belongs to somebody else: two arrays, however many keys. */
final class ListedKeys {
    private final Pipeline pipeline;
    private final byte[] utf8;
    private final int[] ends;

    ListedKeys(Pipeline pipeline, Increments list) {
        this.pipeline = pipeline;
        ends = new int[list.size()];
        int end = 0;
        for (int i = 0; i < ends.length; i++) {
            end = Math.addExact(end, lengthOf(list, i));
            ends[i] = end;
        }
        utf8 = new byte[end];
        for (int i = 0; i < ends.length; i++) {
            int length = lengthOf(list, i);
            System.arraycopy(list.utf8(), list.offset(i), utf8, ends[i] - length, length);
        }
    }

    /** What added nothing needs no confirmation. */
    private static int lengthOf(Increments list, int index) {
        return list.delta(index) == 0 ? 0 : list.length(index);
    }

    /**
     * The first key of which deltas after a record may have been set aside; null if there is none.
     *
     * @param overflowKey where some of it was counted; null if nowhere but under its own keys
     */
    @Nullable
    String quarantinedAfter(long record, @Nullable String overflowKey) {
        if (!pipeline.hasQuarantinedAfter(record)) {
            return null;
        }
        int start = 0;
        for (int end : ends) {
            String key = new String(utf8, start, end - start, StandardCharsets.UTF_8);
            if (pipeline.isQuarantined(key, record)) {
                return key;
            }
            start = end;
        }
        return overflowKey != null && pipeline.isQuarantined(overflowKey, record) ? overflowKey : null;
    }
}
