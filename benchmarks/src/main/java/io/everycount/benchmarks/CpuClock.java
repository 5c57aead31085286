// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The CPU time of this process from a moment on: of all its threads, the collectors of garbage included, but for the JVM's
 * compilers, which have done their work once what is measured has run for long enough. On Linux it is read from the scheduler,
 * thread by thread, because the JDK's figure for the process goes in steps of 10 milliseconds there; what a thread used
 * that has ended meanwhile is missing. Elsewhere it is the JDK's figure, with the compilers.
 */
public final class CpuClock {
    private static final Path THREADS = Path.of("/proc/self/task");
    /** How the names of threads begin that compile. */
    private static final Pattern COMPILER = Pattern.compile("C[12] Comp.*", Pattern.DOTALL);

    private final Map<String, Long> nanosBefore = threads();
    private final long processNanosBefore = process();

    /** Starts now. */
    public CpuClock() {}

    /** CPU time since the start, in nanoseconds. */
    public long nanos() {
        Map<String, Long> now = threads();
        if (now.isEmpty()) {
            return process() - processNanosBefore;
        }
        long nanos = 0;
        for (Map.Entry<String, Long> thread : now.entrySet()) {
            nanos += thread.getValue() - nanosBefore.getOrDefault(thread.getKey(), 0L);
        }
        return nanos;
    }

    /** By the thread's number; empty where there is no such thing. */
    private static Map<String, Long> threads() {
        Map<String, Long> all = new HashMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(THREADS)) {
            for (Path task : tasks) {
                try {
                    if (COMPILER.matcher(Files.readString(task.resolve("comm"))).matches()) {
                        continue;
                    }
                    String line = Files.readString(task.resolve("schedstat"));
                    all.put(task.getFileName().toString(), Long.parseLong(line.substring(0, line.indexOf(' '))));
                } catch (IOException e) {
                    // The thread has ended since the directory was read.
                    continue;
                }
            }
        } catch (IOException e) {
            return Map.of();
        }
        return all;
    }

    private static long process() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
