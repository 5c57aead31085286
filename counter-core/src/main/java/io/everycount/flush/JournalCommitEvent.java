// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** One record on its way into the journal. */
@Name("io.everycount.JournalCommit")
@Label("Journal commit")
@Description("A record written to the journal and forced to disk")
@Threshold("10 ms")
final class JournalCommitEvent extends PipelineEvent {
    @Label("Record")
    long record;

    @Label("Keys")
    int keys;

    @Label("Outcome")
    @Description("forced, or failed: then the same record is written again after a while")
    String outcome = "failed";

    private JournalCommitEvent() {}

    static @Nullable JournalCommitEvent begun() {
        return begun(new JournalCommitEvent());
    }

    void ended(DeltaRecord written, boolean forced) {
        record = written.number();
        keys = written.size();
        outcome = forced ? "forced" : "failed";
        commit();
    }
}
