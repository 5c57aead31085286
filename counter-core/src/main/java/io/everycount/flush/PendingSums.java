// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.CellStore;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads what is on the way for one key, at the readers' expense: writers do nothing for it, and the
 * drainer moves a number. Thread-safe.
 *
 * <p>An increment is in its cell until a drain takes it, and in a record afterwards. So between two drains
 * cells and log together have each one once, while during one some are in the drainer's hands. The reader
 * looks, and looks again if {@link Drainer#phase} says that a drain overlapped (the scheme of sequence locks).
 * Cells, list of records and numbers are all that has to be read between two drains; records do not change, so
 * they are searched at leisure.
 *
 * <p>Between two drains nothing leaves a cell; so everything added before the call is in the sum, and of what is
 * added meanwhile each increment is in it or not.
 */
final class PendingSums {
    /** A drain of a million keys takes less. */
    private static final long WAIT_NANOS_MAX = 2_000_000_000L;

    private static final long NAP_NANOS = 20_000;

    private final CellStore cells;
    private final Drainer drainer;
    private final RecordLog log;
    private final Pipeline pipeline;

    PendingSums(CellStore cells, Drainer drainer, RecordLog log, Pipeline pipeline) {
        this.cells = cells;
        this.drainer = drainer;
        this.log = log;
        this.pipeline = pipeline;
    }

    /** See {@link Pipeline#pending}. */
    OptionalLong of(String key, long afterRecord) {
        byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        do {
            long phase = drainer.phase();
            if ((phase & 1) == 0) {
                long inCells = cells.sum(key, utf8);
                List<DeltaRecord> records = log.afterUnlessDrained(afterRecord);
                // Nothing of what was read may be read later than the phase.
                VarHandle.acquireFence();
                if (drainer.phase() == phase) {
                    return sum(inCells, records, utf8);
                }
            } else if (pipeline.state() == PipelineState.FAILED || drainer.journalFailures() != 0) {
                return OptionalLong.empty();
            } else {
                LockSupport.parkNanos(this, NAP_NANOS);
            }
        } while (deadline - System.nanoTime() > 0);
        return OptionalLong.empty();
    }

    private static OptionalLong sum(long inCells, @Nullable List<DeltaRecord> records, byte[] utf8) {
        if (records == null) {
            return OptionalLong.empty();
        }
        long sum = inCells;
        for (DeltaRecord record : records) {
            sum += record.entries().delta(utf8);
        }
        return OptionalLong.of(sum);
    }
}
