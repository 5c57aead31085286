// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class CpuClockTest {
    /** The scheduler books what a running thread has used at its next tick only. */
    private static final long TICKS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long WORK = TimeUnit.MILLISECONDS.toNanos(100);

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final CountDownLatch worked = new CountDownLatch(1);
    private final CountDownLatch ends = new CountDownLatch(1);

    private Thread worker(String name) {
        Thread worker = new Thread(this::work, name);
        worker.setDaemon(true);
        return worker;
    }

    private void work() {
        long before = threads.getCurrentThreadCpuTime();
        while (threads.getCurrentThreadCpuTime() - before < WORK) {
            Thread.onSpinWait();
        }
        worked.countDown();
        try {
            ends.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void it_counts_what_every_living_thread_has_used_since_then() throws InterruptedException {
        Thread worker = worker("worker");
        CpuClock clock = new CpuClock();
        worker.start();
        worked.await();
        long used = clock.nanos();
        long usedLater = clock.nanos();
        ends.countDown();
        worker.join();

        assertThat(used).isGreaterThanOrEqualTo(WORK - TICKS);
        assertThat(usedLater).isGreaterThanOrEqualTo(used);
    }

    @Test
    void it_leaves_out_compilers_where_it_can_tell_them() throws InterruptedException {
        // The system knows a thread by the name that Java gives it.
        Thread worker = worker("C2 CompilerThread7");
        CpuClock clock = new CpuClock();
        worker.start();
        worked.await();
        long used = clock.nanos();
        ends.countDown();
        worker.join();

        if (Files.exists(Path.of("/proc/self/task"))) {
            assertThat(used).isLessThan(WORK / 2);
        } else {
            assertThat(used).isGreaterThanOrEqualTo(WORK - TICKS);
        }
    }
}
