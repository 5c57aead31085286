// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.WriteResult;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import org.jspecify.annotations.Nullable;

/** One attempt to write a batch. */
@Name("io.everycount.Flush")
@Label("Flush")
@Description("An attempt to write a batch to a sink")
final class FlushEvent extends PipelineEvent {
    @Label("Sink")
    @Nullable
    String sink;

    @Label("After record")
    @Description("The batch has the records after this one")
    long afterRecord;

    @Label("Up to record")
    long upToRecord;

    @Label("Records")
    @Description("By their numbers: what was summed up counts as what it was")
    long records;

    @Label("Keys")
    int keys;

    @Label("Attempt")
    @Description("1 for the first since the last success")
    int attempt;

    @Label("Outcome")
    @Description(
            "applied, refused (the ledger was not where it was expected; nothing changed), or failed (it may be applied)")
    @Nullable
    String outcome;

    @Label("Quarantined")
    @Description("Entries that the sink set aside")
    int quarantined;

    private FlushEvent() {}

    static @Nullable FlushEvent begun() {
        return begun(new FlushEvent());
    }

    /**
     * @param result null if it failed
     */
    void ended(CounterSink to, CounterBatch batch, int attempt, @Nullable WriteResult result) {
        sink = to.name();
        afterRecord = batch.from().record();
        upToRecord = batch.to().record();
        records = upToRecord - afterRecord;
        keys = batch.size();
        this.attempt = attempt;
        outcome = result == null ? "failed" : result.isApplied() ? "applied" : "refused";
        quarantined = result == null ? 0 : result.quarantined().size();
        commit();
    }
}
