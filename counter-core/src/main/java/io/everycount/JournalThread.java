// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Does what a journal has to do without haste, one thing after another. It ends when there is nothing to do. */
final class JournalThread implements Executor {
    private final ThreadPoolExecutor executor;

    JournalThread(String name) {
        executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            // Closed: the next one to open the journal does it.
        }
    }

    /** What was asked for is still done. */
    void close() {
        executor.shutdown();
    }
}
