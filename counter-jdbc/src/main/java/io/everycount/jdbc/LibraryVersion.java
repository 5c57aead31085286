// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The version of this library, as the build wrote it into a resource: a module's manifest is not to be had. */
final class LibraryVersion {
    private static final String TEXT = read();

    private LibraryVersion() {}

    /** As in 1.2.3; "unknown" if it was not built as usual. */
    static String text() {
        return TEXT;
    }

    private static String read() {
        try (InputStream in = LibraryVersion.class.getResourceAsStream("version.txt")) {
            String text = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            return text.isEmpty() || text.startsWith("$") ? "unknown" : text;
        } catch (IOException e) {
            return "unknown";
        }
    }
}
