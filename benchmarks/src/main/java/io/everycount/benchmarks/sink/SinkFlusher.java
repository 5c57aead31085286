// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.util.UUID;

/** The sink itself, ledger and all. */
final class SinkFlusher implements Flusher {
    private final JdbcCounterSink sink;
    private final Registration registration = new Registration(UUID.randomUUID(), UUID.randomUUID(), "benchmark");
    private Mark mark;

    SinkFlusher(JdbcCounterSink sink) {
        this.sink = sink;
        mark = sink.register(registration).mark();
    }

    @Override
    public void flush(Sums sums) {
        Mark next = new Mark(mark.record() + 1, mark.digest() * 31 + 1);
        if (!sink.write(new CounterBatch(
                        registration.instanceId(), registration.ownerToken(), mark, next, sums.utf8(), sums.deltas()))
                .isApplied()) {
            throw new IllegalStateException("the sink refused batch " + next.record());
        }
        mark = next;
    }

    @Override
    public void close() {
        sink.close();
    }
}
