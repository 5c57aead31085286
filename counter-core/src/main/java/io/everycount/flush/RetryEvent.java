// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** Something failed at a sink, and is tried again. */
@Name("io.everycount.Retry")
@Label("Retry")
@Description("Something failed at a sink and is tried again after a while")
final class RetryEvent extends PipelineEvent {
    @Label("Sink")
    @Nullable
    String sink;

    @Label("Failures")
    @Description("In a row so far")
    int failures;

    @Label("Outcome")
    @Description("retriable, or fatal: somebody has to mend it first")
    @Nullable
    String outcome;

    @Label("Error")
    @Nullable
    String error;

    @Label("Wait")
    @Description("Until the next attempt")
    @Timespan(Timespan.NANOSECONDS)
    long waitNanos;

    private RetryEvent() {}

    static void tell(String sink, Throwable error, boolean fatal, int failures, long waitNanos) {
        RetryEvent event = new RetryEvent();
        if (event.isEnabled()) {
            event.sink = sink;
            event.failures = failures;
            event.outcome = fatal ? "fatal" : "retriable";
            event.error = error.toString();
            event.waitNanos = waitNanos;
            event.commit();
        }
    }
}
