// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** What the Flight Recorder's events have in common. */
@Category("Everycount")
@StackTrace(false)
abstract class PipelineEvent extends Event {
    /** Begins an event, unless nobody records it. */
    static <E extends PipelineEvent> @Nullable E begun(E event) {
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }
}
