// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordFileTest {
    private static final String HEAD = "everycount-record 1\nkey\tacknowledged\tunknown\n";

    @TempDir
    Path directory;

    @Test
    void what_is_written_is_read_whatever_is_in_the_keys() throws IOException {
        Map<String, RecordFile.Entry> entries = new TreeMap<>();
        String[] keys = {
            "a", "a b", "tab\there", "line\nfeed\r", "back\\slash", "\\t", "keys: 1", "ключ", "🔑", "#", " "
        };
        for (int i = 0; i < keys.length; i++) {
            entries.put(keys[i], new RecordFile.Entry(i, 1L << 40));
        }
        Path file = directory.resolve("record.tsv");

        RecordFile.write(file, entries);

        assertThat(RecordFile.read(file)).isEqualTo(entries);
        assertThat(directory.toFile().list()).containsExactly("record.tsv");
    }

    @Test
    void an_empty_record_is_a_record() throws IOException {
        Path file = directory.resolve("record.tsv");
        RecordFile.write(file, Map.of());
        assertThat(RecordFile.read(file)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "everycount-record 2\n",
                "everycount-record 1\n",
                HEAD,
                HEAD + "a\t1\t0\n",
                HEAD + "a\t1\t0\nkeys: 2\n",
                HEAD + "a\t1\nkeys: 1\n",
                HEAD + "a\t-1\t0\nkeys: 1\n",
                HEAD + "a\tx\t0\nkeys: 1\n",
                HEAD + "a\t1\t0\na\t1\t0\nkeys: 2\n",
                HEAD + "a\\x\t1\t0\nkeys: 1\n",
                HEAD + "a\\\t1\t0\nkeys: 1\n",
            })
    void anything_else_is_refused_with_the_line(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("other"), content);

        assertThatThrownBy(() -> RecordFile.read(file))
                .isInstanceOf(UsageError.class)
                .hasMessageMatching(".*other is not a record of load, line [0-9]+: .*");
    }

    @Test
    void looking_whether_it_can_be_written_changes_nothing() throws IOException {
        Path file = Files.writeString(directory.resolve("record.tsv"), "old");
        RecordFile.requireWritable(file);
        assertThat(file).hasContent("old");
        assertThat(directory.toFile().list()).containsExactly("record.tsv");
    }
}
