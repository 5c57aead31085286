// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a load run knows of each key, in a file: what was acknowledged, and what may have been counted.
 *
 * <p>Text in UTF-8: a line with the format's version, a line of column titles, a line for each key (key,
 * acknowledged, unknown, between tabs), and a last line with the number of keys, so that half a file is
 * noticed. In keys, a backslash begins an escape: {@code \\}, {@code \t}, {@code \n}, {@code \r}.
 */
final class RecordFile {
    private static final String FIRST = "everycount-record 1";
    private static final String TITLES = "key\tacknowledged\tunknown";
    private static final String LAST = "keys: ";

    /**
     * What is known of one key.
     *
     * @param acknowledged the sum of increments that were acknowledged
     * @param unknown the sum of increments that were counted or not
     */
    record Entry(long acknowledged, long unknown) {
        /** The sum of both. */
        Entry plus(Entry other) {
            return new Entry(Math.addExact(acknowledged, other.acknowledged), Math.addExact(unknown, other.unknown));
        }
    }

    private RecordFile() {}

    /** Writes a file: it appears whole, or not at all. */
    static void write(Path file, Map<String, Entry> entries) throws IOException {
        Path unfinished = unfinished(file);
        try (BufferedWriter out = Files.newBufferedWriter(unfinished)) {
            out.write(FIRST + "\n" + TITLES + "\n");
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                Entry value = entry.getValue();
                out.write(escaped(entry.getKey()) + "\t" + value.acknowledged + "\t" + value.unknown + "\n");
            }
            out.write(LAST + entries.size() + "\n");
        }
        Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Fails if the file could not be written. Leaves what is there as it is. */
    static void requireWritable(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException("it is a directory");
        }
        Path unfinished = unfinished(file);
        Files.newBufferedWriter(unfinished).close();
        Files.delete(unfinished);
    }

    private static Path unfinished(Path file) {
        return file.resolveSibling(file.getFileName() + ".unfinished");
    }

    /**
     * Reads a file, in the order of keys.
     *
     * @throws UsageError if it is not such a file, with the line
     */
    static Map<String, Entry> read(Path file) {
        try (BufferedReader in = Files.newBufferedReader(file)) {
            String first = in.readLine();
            if (!FIRST.equals(first)) {
                throw wrong(file, 1, "its first line is not '" + FIRST + "'");
            }
            if (!TITLES.equals(in.readLine())) {
                throw wrong(file, 2, "the titles are missing");
            }
            Map<String, Entry> entries = new TreeMap<>();
            int number = 3;
            for (String line = in.readLine(); line != null; line = in.readLine(), number++) {
                if (line.equals(LAST + entries.size())) {
                    return entries;
                }
                String[] cells = line.split("\t", -1);
                if (cells.length != 3 || !cells[1].matches("[0-9]{1,18}") || !cells[2].matches("[0-9]{1,18}")) {
                    throw wrong(file, number, "a key, a number and a number between tabs are needed");
                }
                Entry entry = new Entry(Long.parseLong(cells[1]), Long.parseLong(cells[2]));
                if (entries.put(unescaped(cells[0], file, number), entry) != null) {
                    throw wrong(file, number, "the key was there before");
                }
            }
            throw wrong(file, number, "its last line '" + LAST + entries.size() + "' is missing: is it all of it?");
        } catch (IOException e) {
            throw new UsageError("the record " + file + " cannot be read: " + FileProblem.of(e));
        }
    }

    private static UsageError wrong(Path file, int line, String what) {
        return new UsageError(file + " is not a record of load, line " + line + ": " + what);
    }

    private static String escaped(String key) {
        return key.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\n", "\\n")
                .replace("\r", "\\r");
    }

    private static String unescaped(String text, Path file, int line) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder key = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
                c = switch (i < text.length() ? text.charAt(i) : ' ') {
                    case '\\' -> '\\';
                    case 't' -> '\t';
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    default -> throw wrong(file, line, "a backslash is followed by none of \\ t n r");
                };
            }
            key.append(c);
        }
        return key.toString();
    }
}
