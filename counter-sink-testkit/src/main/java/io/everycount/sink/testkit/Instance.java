// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** One instance's side of the protocol: its id, its latest owner token, and the mark it believes in. */
final class Instance {
    private static final int ATTEMPTS_MAX = 1_000;

    private final UUID id = UUID.randomUUID();
    private UUID owner = UUID.randomUUID();
    private Mark mark = Mark.ORIGIN;

    UUID id() {
        return id;
    }

    UUID owner() {
        return owner;
    }

    Mark mark() {
        return mark;
    }

    /** Takes the ledger entry over with a new owner token, and the ledger's mark with it. */
    LedgerEntry register(CounterSink sink) {
        owner = UUID.randomUUID();
        LedgerEntry entry = sink.register(new Registration(id, owner, "counter-sink-testkit"));
        mark = entry.mark();
        return entry;
    }

    /** The next record's deltas. */
    CounterBatch batch(Map<String, Long> deltas) {
        return batch(owner, mark, after(mark, 1), deltas);
    }

    CounterBatch batch(UUID ownerToken, Mark from, Mark to, Map<String, Long> deltas) {
        return batch(id, ownerToken, from, to, deltas);
    }

    static CounterBatch batch(UUID id, UUID ownerToken, Mark from, Mark to, Map<String, Long> deltas) {
        List<byte[]> keys = deltas.keySet().stream()
                .map(key -> key.getBytes(UTF_8))
                .sorted(Arrays::compareUnsigned)
                .toList();
        long[] values = keys.stream()
                .mapToLong(key -> deltas.get(new String(key, UTF_8)))
                .toArray();
        return new CounterBatch(id, ownerToken, from, to, keys.toArray(byte[][]::new), values);
    }

    /** The next record, lost. */
    Gap gap(long deltaSum) {
        return new Gap(id, owner, mark, after(mark, 1), deltaSum);
    }

    /** A mark some records later, with a digest that no other mark has. */
    static Mark after(Mark mark, long records) {
        return new Mark(mark.record() + records, ThreadLocalRandom.current().nextLong());
    }

    void moveTo(Mark to) {
        mark = to;
    }

    /** Writes the next record, which must apply. */
    WriteResult apply(CounterSink sink, Map<String, Long> deltas) {
        return apply(sink, batch(deltas));
    }

    WriteResult apply(CounterSink sink, CounterBatch batch) {
        WriteResult result = sink.write(batch);
        assertThat(result.isApplied()).as("%s applied", batch).isTrue();
        moveTo(batch.to());
        return result;
    }

    /**
     * Writes the next record as the cache does: the ledger settles an unknown outcome, and only what it
     * says was not applied is sent again.
     */
    void deliver(CounterSink sink, Map<String, Long> deltas) {
        CounterBatch batch = batch(deltas);
        for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
            try {
                if (sink.write(batch).isApplied()) {
                    moveTo(batch.to());
                    return;
                }
            } catch (RetriableSinkException e) {
                // Unknown: the ledger tells.
            }
            if (settled(sink, batch)) {
                return;
            }
        }
        throw new AssertionError(batch + " did not apply in " + ATTEMPTS_MAX + " attempts");
    }

    /** Asks the ledger about a batch whose outcome is unknown; true if it was applied. */
    boolean settled(CounterSink sink, CounterBatch batch) {
        Optional<LedgerEntry> entry;
        try {
            entry = sink.ledger(id);
        } catch (RetriableSinkException e) {
            return false;
        }
        Mark now = entry.orElseThrow(() -> new AssertionError("no ledger entry for a registered instance"))
                .mark();
        assertThat(now)
                .as("the mark after a write of unknown outcome, %s", batch)
                .isIn(batch.from(), batch.to());
        if (now.equals(batch.to())) {
            moveTo(now);
            return true;
        }
        return false;
    }
}
