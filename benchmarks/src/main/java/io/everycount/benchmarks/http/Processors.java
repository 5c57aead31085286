// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Which processors programs run on: servers on the first, load on the second, where {@code taskset} can do it. */
final class Processors {
    private static final int SERVERS = 0;
    private static final int LOAD = 1;

    private final boolean canPin;

    private Processors(boolean canPin) {
        this.canPin = canPin;
    }

    /** Puts this process on the processor for load, if there are two and there is {@code taskset}. */
    static Processors pinLoad() throws InterruptedException {
        if (Runtime.getRuntime().availableProcessors() < 2) {
            return new Processors(false);
        }
        long pid = ProcessHandle.current().pid();
        List<String> command = List.of("taskset", "-a", "-c", "-p", String.valueOf(LOAD), String.valueOf(pid));
        try {
            Process taskset = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new Processors(taskset.waitFor() == 0);
        } catch (IOException e) {
            return new Processors(false);
        }
    }

    /** Leaves programs to the system. */
    static Processors any() {
        return new Processors(false);
    }

    /** A command that runs on the processor for servers, if that can be. */
    List<String> ofServer(List<String> command) {
        List<String> pinned = new ArrayList<>();
        if (canPin) {
            pinned.addAll(List.of("taskset", "-c", String.valueOf(SERVERS)));
        }
        pinned.addAll(command);
        return pinned;
    }

    /** For people. */
    @Override
    public String toString() {
        return canPin
                ? "servers on processor " + SERVERS + ", load on processor " + LOAD
                : "processors not assigned (that takes two of them, and taskset)";
    }
}
