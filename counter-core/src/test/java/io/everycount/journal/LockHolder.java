// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/** A process that opens a journal, says which, and has it until its input ends. */
final class LockHolder {
    private LockHolder() {}

    public static void main(String[] args) throws IOException {
        JournalSettings settings = new JournalSettings(4096, 1 << 20, Runnable::run, new Random(), System::nanoTime);
        try (Journal journal =
                JournalRoot.of(Path.of(args[0]), settings).openOwn(1, (id, done, total, records) -> {})) {
            System.out.println(journal.instanceId());
            int input = System.in.read();
            if (input >= 0) {
                throw new IOException("unexpected input");
            }
        }
    }
}
