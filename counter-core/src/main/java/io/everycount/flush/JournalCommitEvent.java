// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** One record on its way into the journal. */
@Name("io.everycount.JournalCommit")
@Label("Journal commit")
@Category("Everycount")
@Description("A record written to the journal and forced to disk")
@StackTrace(false)
@Threshold("10 ms")
final class JournalCommitEvent extends Event {
    @Label("Record")
    long record;

    @Label("Keys")
    int keys;

    @Label("Outcome")
    @Description("forced, or failed: then the same record is written again after a while")
    String outcome = "failed";

    private JournalCommitEvent() {}

    static @Nullable JournalCommitEvent begun() {
        JournalCommitEvent event = new JournalCommitEvent();
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }

    void ended(DeltaRecord written, boolean forced) {
        record = written.number();
        keys = written.size();
        outcome = forced ? "forced" : "failed";
        commit();
    }
}
