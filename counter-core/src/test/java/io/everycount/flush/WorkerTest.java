// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class WorkerTest {
    private static final long LONG = TimeUnit.HOURS.toNanos(1);

    private final Worker[] worker = new Worker[1];
    private final AtomicInteger steps = new AtomicInteger();

    private void start(Runnable firstStep, Runnable end) {
        worker[0] = new Worker(
                "worker",
                () -> {
                    if (steps.getAndIncrement() > 0) {
                        return Worker.DONE;
                    }
                    firstStep.run();
                    return LONG;
                },
                end);
        worker[0].start();
    }

    private boolean ends() throws InterruptedException {
        return worker[0].joinSteps(TimeUnit.SECONDS.toNanos(60));
    }

    @Test
    void a_signal_during_a_step_counts_even_if_the_step_waits_for_something_itself() throws InterruptedException {
        start(
                () -> {
                    worker[0].signal();
                    // As a pool of connections does: this takes the permit.
                    LockSupport.parkNanos(LONG);
                },
                () -> {});
        assertThat(ends()).isTrue();
        assertThat(steps.get()).isEqualTo(2);
    }

    @Test
    void what_a_step_throws_ends_nothing_and_the_end_comes_after_the_last_step() throws InterruptedException {
        int[] stepsAtEnd = {0};
        start(
                () -> {
                    throw new OutOfMemoryError("planted");
                },
                () -> stepsAtEnd[0] = steps.get());
        assertThat(ends()).isTrue();
        assertThat(worker[0].join(TimeUnit.SECONDS.toNanos(60))).isTrue();
        assertThat(stepsAtEnd[0]).isEqualTo(2);
    }

    @Test
    void one_that_was_not_started_has_ended() throws InterruptedException {
        worker[0] = new Worker("worker", () -> 0);
        assertThat(worker[0].hasEndedSteps()).isTrue();
        assertThat(worker[0].joinSteps(LONG)).isTrue();
    }
}
