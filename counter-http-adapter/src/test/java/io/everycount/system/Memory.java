// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process takes of the machine's memory. */
final class Memory {
    private Memory() {}

    /** Resident mebibytes of an adapter; where the system has no {@code /proc}, of its heap alone. */
    static long residentMebibytes(Adapter adapter) throws IOException, InterruptedException {
        Path status = Path.of("/proc/" + adapter.command().pid() + "/status");
        if (!Files.exists(status)) {
            return (long) adapter.metric("jvm_memory_used_bytes{area=\"heap\"") >> 20;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
                .findFirst()
                .orElseThrow();
    }
}
