// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
    private static final String HASH = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    private static final String GOOD = "a write " + HASH + " 2026-11-24T08:00:00Z";
    private static final String BEGIN = "everycount-keys 1\n";

    /** In the tables: ⏎ is a line feed, ↵ a carriage return, H the hash of a secret, T a time, # a comment. */
    private static String real(String shown) {
        return shown.replace("⏎", "\n").replace("↵", "\r").replace("H", HASH).replace("T", "2026-11-24T08:00:00Z");
    }

    @Test
    void a_file_says_all_there_is_to_a_key() {
        String text = """
                # who did this
                everycount-keys 1

                web-1 write,read %s 2026-11-24T08:00:00Z rate=500
                  # the other one
                web-1\tadmin %s 2026-11-25T08:00:00.5Z  expires=2027-01-01T00:00:00Z rate=9999999
                X_9 read %s 2026-11-24T08:00:00Z expires=2027-01-01T00:00:00Z
                """.formatted(HASH, HASH.replace('5', '6'), HASH);
        List<ApiKey> keys = KeyFile.parse("keys", text).keys();
        assertThat(keys)
                .containsExactly(
                        new ApiKey(
                                "web-1",
                                Set.of(Scope.WRITE, Scope.READ),
                                HASH,
                                Instant.parse("2026-11-24T08:00:00Z"),
                                null,
                                500),
                        new ApiKey(
                                "web-1",
                                Set.of(Scope.ADMIN),
                                HASH.replace('5', '6'),
                                Instant.parse("2026-11-25T08:00:00.5Z"),
                                Instant.parse("2027-01-01T00:00:00Z"),
                                9_999_999),
                        new ApiKey(
                                "X_9",
                                Set.of(Scope.READ),
                                HASH,
                                Instant.parse("2026-11-24T08:00:00Z"),
                                Instant.parse("2027-01-01T00:00:00Z"),
                                null));
        assertThat(KeyFile.parse("keys", text).text()).as("as it was").isEqualTo(text);
        assertThat(KeyFile.parse("keys", text.replace("\n", "\r\n")).keys()).isEqualTo(keys);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '¦', quoteCharacter = '§', textBlock = """
            §§                                           ¦ keys is empty
            §⏎#⏎⏎§                                       ¦ keys is empty
            everycount-keys 2⏎                           ¦ line 1: the first line has to be "everycount-keys 1"
            §#⏎⏎a write H T⏎§                            ¦ line 3: the first line has to be
            everycount-keys 1                            ¦ line 1: the line does not end
            everycount-keys 1⏎everycount-keys 1⏎         ¦ line 2: there are 2 fields
            everycount-keys 1⏎a write H T                ¦ line 2: the line does not end
            everycount-keys 1⏎a write H⏎                 ¦ line 2: there are 3 fields
            everycount-keys 1⏎a.b write H T⏎             ¦ line 2: the id is not
            everycount-keys 1⏎ä write H T⏎               ¦ line 2: the id is not
            everycount-keys 1⏎a123456789012345678901234567890123456789012 write H T⏎ ¦ line 2: the id is not
            everycount-keys 1⏎a all H T⏎                 ¦ line 2: a scope is none of write, read and admin
            everycount-keys 1⏎a write, H T⏎              ¦ line 2: a scope is none of
            everycount-keys 1⏎a write HH T⏎              ¦ line 2: the hash is not
            everycount-keys 1⏎a write secret T⏎          ¦ line 2: the hash is not
            everycount-keys 1⏎a write H yesterday⏎       ¦ line 2: a time is not like
            everycount-keys 1⏎a write H T expires=⏎      ¦ line 2: a time is not like
            everycount-keys 1⏎a write H T expires=T expires=T⏎ ¦ line 2: field 6 is neither
            everycount-keys 1⏎a write H T rate=0⏎        ¦ line 2: the rate is not
            everycount-keys 1⏎a write H T rate=-1⏎       ¦ line 2: the rate is not
            everycount-keys 1⏎a write H T rate=10000000⏎ ¦ line 2: the rate is not
            everycount-keys 1⏎a write H T rate=٣⏎        ¦ line 2: the rate is not
            everycount-keys 1⏎a write H T expire=T⏎      ¦ line 2: field 5 is neither
            everycount-keys 1⏎a write H T⏎#⏎a read H T⏎  ¦ line 4: the same key is there twice
            """)
    void whatever_else_is_refused_by_name_and_line(String text, String expected) {
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(() -> KeyFile.parse("keys", real(text)))
                .withMessageStartingWith("keys")
                .withMessageContaining(expected)
                .withMessageNotContaining("secret");
    }

    @Test
    void a_third_key_of_an_id_is_refused() {
        String three = BEGIN + GOOD + "\n" + GOOD.replace('5', '6') + "\n" + GOOD.replace('5', '7') + "\n";
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(() -> KeyFile.parse("keys", three))
                .withMessage("keys, line 4: a third key of the id a; two are allowed");
    }

    @Test
    void a_file_cut_off_within_a_line_is_never_taken() {
        String whole = BEGIN + "# comment\n" + GOOD + " expires=2027-01-01T00:00:00Z rate=500\n";
        for (int length = 0; length < whole.length(); length++) {
            String cut = whole.substring(0, length);
            if (cut.endsWith("\n")) {
                assertThatNoException().isThrownBy(() -> KeyFile.parse("keys", cut));
            } else {
                assertThatExceptionOfType(KeyFileException.class).as(cut).isThrownBy(() -> KeyFile.parse("keys", cut));
            }
        }
    }

    @Test
    void a_change_leaves_the_other_lines_as_they_are() {
        String text = BEGIN + "# ticket 5\n" + GOOD + "\n\n# last\nb read " + HASH + " 2026-11-24T08:00:00Z\n";
        KeyFile file = KeyFile.parse("keys", text);
        ApiKey second = new ApiKey("a", Set.of(Scope.READ), HASH.replace('5', '6'), Instant.EPOCH, null, 3);
        KeyFile both = file.with(second);
        assertThat(both.text())
                .isEqualTo(text.replace(
                        GOOD + "\n", GOOD + "\na read " + HASH.replace('5', '6') + " 1970-01-01T00:00:00Z rate=3\n"));
        assertThat(KeyFile.parse("keys", both.text()).keys()).isEqualTo(both.keys());
        assertThat(both.without(List.of(second)).text()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"web-1.Zm9vYmFyc2VjcmV0", ".Zm9vYmFyc2VjcmV0", "Zm9vYmFyc2VjcmV0Zm9vYmFyc2VjcmV0Zm9vYmFyc2Vjcm"})
    void what_may_be_a_secret_is_not_repeated(String id) {
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(() -> KeyFile.requireId(id))
                .withMessageNotContaining("Zm9v");
    }

    @Test
    void many_keys_are_read_without_comparing_each_with_each() {
        StringBuilder text = new StringBuilder(BEGIN);
        for (int i = 0; i < 30_000; i++) {
            text.append('k').append(i).append(GOOD, 1, GOOD.length()).append('\n');
        }
        assertThat(KeyFile.parse("keys", text.toString()).keys()).hasSize(30_000);
    }
}
