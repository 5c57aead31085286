// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the JDK's own decoder, told to report everything. */
class KeyRulesTest {
    private static final int MAX = 40;
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final Random random = new Random(seed);

    private static boolean referenceAllows(byte[] bytes, int offset, int length) {
        if (length < 1 || length > MAX) {
            return false;
        }
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == 0) {
                return false;
            }
        }
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, offset, length));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private static boolean referenceAllows(String s) {
        try {
            ByteBuffer utf8 = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(s));
            return utf8.remaining() >= 1 && utf8.remaining() <= MAX && s.indexOf('\0') < 0;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private void check(byte[] bytes, int offset, int length) {
        String problem = KeyRules.problem(bytes, offset, length, MAX);
        assertThat(problem == null)
                .as("%s, seed %d: %s", HexFormat.of().formatHex(bytes, offset, offset + length), seed, problem)
                .isEqualTo(referenceAllows(bytes, offset, length));
    }

    @Test
    void agrees_with_the_decoder_on_every_sequence_of_one_and_two_bytes() {
        byte[] bytes = {'<', 0, 0, '>'};
        for (int i = 0; i < 65_536; i++) {
            bytes[1] = (byte) (i >> 8);
            bytes[2] = (byte) i;
            check(bytes, 1, 2);
            check(bytes, 1, 1);
        }
    }

    @Test
    void agrees_with_the_decoder_on_random_bytes() {
        int[] likely = {
            0, 1, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
            0xff, 'a'
        };
        int allowed = 0;
        for (int n = 0; n < 400_000; n++) {
            byte[] bytes = new byte[random.nextInt(8)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextBoolean() ? likely[random.nextInt(likely.length)] : random.nextInt(256));
            }
            int offset = random.nextInt(bytes.length + 1);
            int length = random.nextInt(bytes.length - offset + 1);
            check(bytes, offset, length);
            allowed += KeyRules.problem(bytes, offset, length, MAX) == null ? 1 : 0;
        }
        assertThat(allowed).isPositive();
    }

    @Test
    void agrees_with_the_decoder_on_damaged_text() {
        for (int n = 0; n < 200_000; n++) {
            byte[] bytes = text(random.nextInt(14)).getBytes(StandardCharsets.UTF_8);
            if (bytes.length > 0 && random.nextBoolean()) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            check(bytes, 0, bytes.length);
            check(bytes, 0, Math.max(0, bytes.length - 1));
        }
    }

    @Test
    void agrees_with_the_decoder_on_one_odd_byte_anywhere_in_plain_text() {
        for (int length = 1; length <= MAX + 1; length++) {
            for (int at = 0; at < length; at++) {
                for (int odd = 0; odd < 256; odd++) {
                    byte[] bytes = new byte[length + 2];
                    Arrays.fill(bytes, (byte) ('a' + odd % 26));
                    bytes[at + 1] = (byte) odd;
                    check(bytes, 1, length);
                }
            }
        }
    }

    @Test
    void strings_agree_with_the_encoder_and_with_their_own_bytes() {
        for (int n = 0; n < 300_000; n++) {
            StringBuilder built = new StringBuilder(text(random.nextInt(16)));
            if (random.nextInt(3) == 0) {
                built.insert(random.nextInt(built.length() + 1), (char) (0xd800 + random.nextInt(0x800)));
            }
            if (random.nextInt(10) == 0) {
                built.insert(random.nextInt(built.length() + 1), '\0');
            }
            String s = built.toString();
            boolean allowed = KeyRules.problem(s, MAX) == null;
            assertThat(allowed).as("seed %d", seed).isEqualTo(referenceAllows(s));
            if (allowed) {
                byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
                assertThat(KeyRules.problem(utf8, 0, utf8.length, MAX)).isNull();
                assertThat(KeyRules.problem(s, utf8.length)).isNull();
                assertThat(KeyRules.problem(s, utf8.length - 1)).isNotNull();
            }
        }
    }

    private String text(int codePoints) {
        StringBuilder built = new StringBuilder();
        for (int i = 0; i < codePoints; i++) {
            int c;
            do {
                c = switch (random.nextInt(4)) {
                    case 0 -> 1 + random.nextInt(0x7f);
                    case 1 -> 0x80 + random.nextInt(0x780);
                    case 2 -> 0x800 + random.nextInt(0xf800);
                    default -> 0x10000 + random.nextInt(0x100000);
                };
            } while (c >= 0xd800 && c < 0xe000);
            built.appendCodePoint(c);
        }
        return built.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "80, a continuation alone",
        "c080, an overlong NUL",
        "c1bf, an overlong two-byte sequence",
        "e09fbf, an overlong three-byte sequence",
        "f08fbfbf, an overlong four-byte sequence",
        "eda080, a surrogate",
        "edbfbf, a surrogate",
        "f4908080, beyond U+10FFFF",
        "f5808080, a byte that never occurs",
        "fe, a byte that never occurs",
        "ff, a byte that never occurs",
        "c3, cut short",
        "e282, cut short",
        "f09f98, cut short",
        "c328, no continuation",
        "e22882, no continuation",
        "f09f2880, no continuation",
        "61f09f988061c3, cut short at the end"
    })
    void malformed_bytes_are_refused_by_position(String hex, String what) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        assertThat(KeyRules.problem(bytes, 0, bytes.length, MAX))
                .as(what)
                .contains("not well-formed UTF-8 at byte " + (hex.startsWith("61") ? 6 : 0));
    }
}
