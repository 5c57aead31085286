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

    /** What the clock says of a thread of that name that works and then lives on. */
    private long usedBy(String name) throws InterruptedException {
        Thread worker = new Thread(this::work, name);
        worker.setDaemon(true);
        CpuClock clock = new CpuClock();
        worker.start();
        worked.await();
        long used = clock.nanos();
        assertThat(clock.nanos()).isGreaterThanOrEqualTo(used);
        ends.countDown();
        worker.join();
        return used;
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
        assertThat(usedBy("worker")).isGreaterThanOrEqualTo(WORK - TICKS);
    }

    @Test
    void it_leaves_out_compilers_where_it_can_tell_them() throws InterruptedException {
        // The system knows a thread by the name that Java gives it.
        long used = usedBy("C2 CompilerThread7");
        if (Files.exists(Path.of("/proc/self/task"))) {
            assertThat(used).isLessThan(WORK / 2);
        } else {
            assertThat(used).isGreaterThanOrEqualTo(WORK - TICKS);
        }
    }
}
