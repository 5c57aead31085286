// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Eight bytes at a time find what one byte at a time finds. */
class ScanTest {
    private static final int LENGTH = 19;

    @Test
    void the_first_stop_is_found_whatever_it_is_wherever_it_is_and_whatever_follows() {
        for (int filler : new int[] {'a', ' ', 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff}) {
            for (int stop = 0; stop < 256; stop++) {
                for (int at = 0; at < LENGTH; at++) {
                    for (int next : new int[] {filler, '"', '\\', 0, 0x1f, 0x23, 0x5d, 0x20, 0x80}) {
                        byte[] bytes = new byte[LENGTH];
                        Arrays.fill(bytes, (byte) filler);
                        bytes[at] = (byte) stop;
                        if (at + 1 < LENGTH) {
                            bytes[at + 1] = (byte) next;
                        }
                        for (int from = 0; from < 3; from++) {
                            check(bytes, from, LENGTH);
                            check(bytes, from, LENGTH - 2);
                        }
                    }
                }
            }
        }
    }

    private static void check(byte[] bytes, int from, int end) {
        int control = from;
        while (control < end && (bytes[control] & 0xff) >= 0x20) {
            control++;
        }
        int stringStop = from;
        while (stringStop < control && bytes[stringStop] != '"' && bytes[stringStop] != '\\') {
            stringStop++;
        }
        // Not assertThat for each: there are millions.
        if (Scan.control(bytes, from, end) != control || Scan.stringStop(bytes, from, end) != stringStop) {
            throw new AssertionError(Arrays.toString(bytes) + " from " + from + " to " + end);
        }
    }

    @Test
    void a_packed_text_begins_where_its_bytes_are_and_eight_bytes_can_be_read() {
        byte[] bytes = "..\"key\":1".getBytes(StandardCharsets.US_ASCII);
        long packed = Scan.packed("\"key\"");
        assertThat(Scan.begins(bytes, 1, 9, packed)).isFalse();
        assertThat(Scan.begins(Arrays.copyOf(bytes, 10), 2, 10, packed)).isTrue();
        assertThat(Scan.begins(Arrays.copyOf(bytes, 10), 2, 9, packed)).isFalse();
        assertThat(Scan.begins("\"Key\":12".getBytes(StandardCharsets.US_ASCII), 0, 8, packed))
                .isFalse();
        assertThat(Scan.begins("12345678".getBytes(StandardCharsets.US_ASCII), 0, 8, Scan.packed("12345678")))
                .isTrue();
        assertThat(Scan.begins("12345679".getBytes(StandardCharsets.US_ASCII), 0, 8, Scan.packed("12345678")))
                .isFalse();
    }
}
