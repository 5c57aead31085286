// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.DigestChain;
import io.everycount.journal.Entries;
import java.util.ArrayList;
import java.util.List;

/** Few records in place of many: the same sums by key. */
final class Summary {
    private Summary() {}

    /**
     * @param start where the first part begins
     * @param parts records in a row, at least one
     * @param keysMax the most keys in a record
     * @param salt for the digests of those that are not the last
     * @return each has the number of one of the parts, and the last one that of the last one, with its digest; empty if
     *     there would be no fewer of them
     */
    static List<DeltaRecord> of(RecordLog.Point start, List<DeltaRecord> parts, int keysMax, long salt) {
        List<Coalescer> layers = new ArrayList<>();
        long sinceNanos = parts.get(0).sinceNanos();
        for (DeltaRecord part : parts) {
            Entries.Cursor entry = part.entries().cursor();
            while (entry.next()) {
                add(layers, entry);
            }
            sinceNanos = Math.min(sinceNanos, part.sinceNanos());
        }
        List<int[]> pieces = new ArrayList<>();
        for (int layer = 0; layer < layers.size(); layer++) {
            for (int from = 0; from < layers.get(layer).size(); from += keysMax) {
                pieces.add(new int[] {layer, from});
            }
        }
        if (pieces.size() >= parts.size()) {
            return List.of();
        }
        List<DeltaRecord> summary = new ArrayList<>();
        RecordLog.Point before = start;
        for (int i = 0; i < pieces.size(); i++) {
            DeltaRecord end = parts.get(i == pieces.size() - 1 ? parts.size() - 1 : i);
            Coalescer sums = layers.get(pieces.get(i)[0]);
            int from = pieces.get(i)[1];
            int to = Math.min(sums.size(), from + keysMax);
            DeltaRecord piece = piece(before, end, i == pieces.size() - 1, salt, sums, from, to, sinceNanos);
            summary.add(piece);
            before = piece.end();
        }
        return summary;
    }

    /** A key is in a further layer only if its sum would leave 64 bits. */
    private static void add(List<Coalescer> layers, Entries.Cursor entry) {
        for (Coalescer layer : layers) {
            if (layer.add(entry.bytes(), entry.keyStart(), entry.keyEnd(), entry.delta())) {
                return;
            }
        }
        layers.add(new Coalescer(1_024));
        add(layers.subList(layers.size() - 1, layers.size()), entry);
    }

    /**
     * What is applied at the end of the last piece is what was at the end of the last part. At the ends before it is
     * something else, so they need a digest of their own: a copy of the directory may still have the parts.
     */
    private static DeltaRecord piece(
            RecordLog.Point before,
            DeltaRecord end,
            boolean last,
            long salt,
            Coalescer sums,
            int from,
            int to,
            long sinceNanos) {
        Entries entries = sums.entries(from, to);
        long digest = last
                ? end.end().mark().digest()
                : DigestChain.next(before.mark().digest(), salt, end.number(), entries);
        return DeltaRecord.of(before, end.number(), digest, entries, sinceNanos);
    }
}
