// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a journal has to have, kept the simple way. */
final class JournalModel {
    /** All records ever made that count, by number. */
    private final NavigableMap<Long, JournalRecord> records = new TreeMap<>();

    /** Where the records that a recovery may return end, as it has to be; a second way if a checkpoint may be there. */
    private List<Long> ends = new ArrayList<>();

    private @Nullable List<Long> otherEnds;

    /** A record that may be there. */
    @Nullable
    JournalRecord attempted;

    long forgotten;
    long appliedMax;

    long last() {
        return records.isEmpty() ? 0 : records.lastKey();
    }

    long digest(long number) {
        return number == 0 ? 0 : records.get(number).digest();
    }

    /** A record that follows the last one. */
    JournalRecord next(Random random, long salt, int keysMax) {
        Map<String, Long> content = new TreeMap<>();
        int size = 1 + random.nextInt(keysMax);
        for (int i = 0; i < size; i++) {
            long delta = random.nextInt(8) == 0 ? random.nextLong() >> random.nextInt(63) : random.nextInt(9) - 4;
            content.put("key" + random.nextInt(2 * keysMax), delta == 0 ? 1 : delta);
        }
        return record(last(), last() + 1, digest(last()), salt, content);
    }

    static JournalRecord record(long from, long number, long before, long salt, Map<String, Long> content) {
        byte[][] keys = new byte[content.size()][];
        long[] deltas = new long[content.size()];
        int n = 0;
        for (Map.Entry<String, Long> entry : content.entrySet()) {
            keys[n] = entry.getKey().getBytes(StandardCharsets.UTF_8);
            deltas[n++] = entry.getValue();
        }
        long digest = DigestChain.next(before, salt, number, Entries.of(keys, deltas));
        return new JournalRecord(from, number, digest, Entries.of(keys, deltas), 1_000 + number);
    }

    void appended(JournalRecord record) {
        records.put(record.number(), record);
        ends.add(record.number());
        attempted = null;
    }

    /** Pieces that replace the records after a number. */
    List<JournalRecord> pieces(Random random, long from) {
        List<JournalRecord> pieces = new ArrayList<>();
        long start = from;
        for (long end : ends) {
            if (end > from && (end == last() || random.nextInt(4) == 0)) {
                pieces.add(piece(start, end));
                start = end;
            }
        }
        return pieces;
    }

    /** What sums up the records after one number up to another. */
    JournalRecord piece(long from, long to) {
        Map<String, Long> sums = sums(from, to);
        byte[][] keys = sums.keySet().stream()
                .map(k -> k.getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
        long[] deltas = sums.values().stream().mapToLong(v -> v).toArray();
        return new JournalRecord(from, to, digest(to), Entries.of(keys, deltas), 1_000 + from);
    }

    /** One of the places from which records can be replaced; negative if there is none. */
    long boundary(Random random) {
        List<Long> possible = new ArrayList<>(
                ends.stream().filter(end -> end >= forgotten && end < last()).toList());
        if (forgotten == 0 && last() > 0) {
            possible.add(0L);
        }
        return possible.isEmpty() ? -1 : possible.get(random.nextInt(possible.size()));
    }

    void checkpointTried(List<JournalRecord> pieces) {
        List<Long> with = new ArrayList<>(
                ends.stream().filter(end -> end <= pieces.get(0).from()).toList());
        pieces.forEach(piece -> with.add(piece.number()));
        otherEnds = with;
    }

    void checkpointDone() {
        ends = otherEnds == null ? ends : otherEnds;
        otherEnds = null;
    }

    /** The sums by key of the records after one number up to another. */
    private Map<String, Long> sums(long from, long to) {
        Map<String, Long> sums = new TreeMap<>();
        for (JournalRecord record : records.subMap(from, false, to, true).values()) {
            content(record).forEach((key, delta) -> sums.merge(key, delta, Long::sum));
        }
        sums.values().removeIf(sum -> sum == 0);
        return sums;
    }

    private static Map<String, Long> content(JournalRecord record) {
        Map<String, Long> content = new HashMap<>();
        record.entries().addTo(content);
        return content;
    }

    /**
     * Compares with what was recovered.
     *
     * @param binding whether what was recovered is what counts from now on
     */
    void check(Recovered found, boolean binding) {
        JournalRecord extra = attempted;
        boolean withExtra = extra != null && found.lastNumber() == extra.number();
        if (extra != null && withExtra) {
            assertThat(found.lastDigest()).as("the record attempted").isEqualTo(extra.digest());
            records.put(extra.number(), extra);
        }
        try {
            compare(found, withExtra);
        } finally {
            if (extra != null && withExtra && !binding) {
                records.remove(extra.number());
            }
        }
        if (binding) {
            List<Long> now = new ArrayList<>(
                    ends.stream().filter(e -> e <= found.baseNumber()).toList());
            found.records().forEach(record -> now.add(record.number()));
            ends = now;
            otherEnds = null;
            attempted = null;
        }
    }

    private void compare(Recovered found, boolean withExtra) {
        assertThat(found.lastNumber()).as("last record").isEqualTo(last());
        assertThat(found.lastDigest()).as("last digest").isEqualTo(digest(last()));
        assertThat(found.baseNumber()).as("base").isBetween(0L, forgotten);
        assertThat(found.baseDigest()).as("digest of the base").isEqualTo(digest(found.baseNumber()));
        assertThat(found.baseSum())
                .as("sum up to the base")
                .isEqualTo(sums(0, found.baseNumber()).values().stream()
                        .mapToLong(v -> v)
                        .sum());
        assertThat(found.appliedNumber())
                .as("applied")
                .isBetween(found.baseNumber(), Math.max(found.baseNumber(), appliedMax));
        long from = found.baseNumber();
        List<Long> foundEnds = new ArrayList<>();
        for (JournalRecord record : found.records()) {
            assertThat(record.from()).as("record %d follows", record.number()).isEqualTo(from);
            assertThat(record.digest()).as("digest of %d", record.number()).isEqualTo(digest(record.number()));
            assertThat(content(record)).as("content of %d", record.number()).isEqualTo(sums(from, record.number()));
            from = record.number();
            foundEnds.add(from);
        }
        List<List<Long>> possible = new ArrayList<>(List.of(after(ends, found.baseNumber(), withExtra)));
        if (otherEnds != null) {
            possible.add(after(otherEnds, found.baseNumber(), withExtra));
        }
        assertThat(foundEnds).as("ends of records").isIn(possible);
    }

    /** Whether what was recovered is right as far as it goes. */
    void checkPrefix(Recovered found, String what) {
        assertThat(found.baseDigest()).as(what).isEqualTo(digest(found.baseNumber()));
        long from = found.baseNumber();
        for (JournalRecord record : found.records()) {
            assertThat(record.from()).as(what).isEqualTo(from);
            assertThat(record.digest()).as(what).isEqualTo(digest(record.number()));
            assertThat(content(record)).as(what).isEqualTo(sums(from, record.number()));
            from = record.number();
        }
    }

    private List<Long> after(List<Long> all, long base, boolean withExtra) {
        List<Long> result = new ArrayList<>(all.stream().filter(e -> e > base).toList());
        if (withExtra) {
            result.add(last());
        }
        return result;
    }
}
