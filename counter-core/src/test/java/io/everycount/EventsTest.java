// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.flush.PipelineState;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** What a listener that is slow, and the log with it, still hear of. */
class EventsTest {
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final List<String> heard = new ArrayList<>();
    private final Events events = new Events(
            new CounterListener() {
                @Override
                public void journaled(long record, int keys, Duration took) {
                    heard.add("journaled " + record);
                }

                @Override
                public void stopped(CounterStats.State state, String reason) {
                    heard.add("stopped " + reason);
                }
            },
            waiting::add,
            new Rejections(),
            "test");

    private void listen() {
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    @Test
    void commits_of_the_journal_do_not_crowd_out_what_happens_once() {
        int commits = 10_000;
        for (int record = 1; record <= commits; record++) {
            events.journaled(record, 1, 5);
        }
        events.stopped(null, PipelineState.FAILED, "out of memory");
        int told = waiting.size();
        assertThat(told).isLessThan(commits);
        listen();
        assertThat(heard).hasSize(told).startsWith("journaled 1").endsWith("stopped out of memory");
        assertThat(events.leftOut()).isEqualTo(commits + 1 - told);

        events.journaled(commits + 1, 1, 5);
        listen();
        assertThat(heard).endsWith("journaled " + (commits + 1));
    }
}
