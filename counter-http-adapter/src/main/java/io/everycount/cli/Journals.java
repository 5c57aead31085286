// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import java.nio.file.Path;
import java.security.SecureRandom;

/** Directories of journals, for commands that look at them. */
final class Journals {
    private static final int SEGMENT_BYTES = 16 << 20;

    private Journals() {}

    /** A directory of journals; what would be done in the background is left to who counts. */
    static JournalRoot root(Path directory) {
        return JournalRoot.of(
                directory,
                new JournalSettings(SEGMENT_BYTES, Long.MAX_VALUE, task -> {}, new SecureRandom(), System::nanoTime));
    }
}
