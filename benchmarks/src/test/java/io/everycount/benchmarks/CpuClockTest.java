// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class CpuClockTest {
    /** The scheduler books what a running thread has used at its next tick only. */
    private static final long TICKS = TimeUnit.MILLISECONDS.toNanos(20);

    @Test
    void it_counts_what_every_living_thread_has_used_since_then() throws InterruptedException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        CountDownLatch worked = new CountDownLatch(1);
        CountDownLatch ends = new CountDownLatch(1);
        long work = TimeUnit.MILLISECONDS.toNanos(100);
        Thread worker = new Thread(() -> {
            long before = threads.getCurrentThreadCpuTime();
            while (threads.getCurrentThreadCpuTime() - before < work) {
                Thread.onSpinWait();
            }
            worked.countDown();
            try {
                ends.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        CpuClock clock = new CpuClock();
        worker.start();
        worked.await();
        long used = clock.nanos();
        long usedLater = clock.nanos();
        ends.countDown();
        worker.join();

        assertThat(used).isGreaterThanOrEqualTo(work - TICKS);
        assertThat(usedLater).isGreaterThanOrEqualTo(used);
    }
}
