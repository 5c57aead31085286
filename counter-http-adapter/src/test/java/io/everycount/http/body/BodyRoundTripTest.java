// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.everycount.http.body.Parsed.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What other people's writers write is read as they meant it, and damage is seen where the {@link Reference} sees it. */
class BodyRoundTripTest {
    private static final int ROUNDS = 2_000;
    private static final int DAMAGED = 20_000;
    private static final int ENTRIES_MAX = 8;
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f]");
    private static final String INTERESTING = "{}[]\",:\\ \n\t\r-01599eE.+/utfnb&=%\u0000\u007f\u00c3\u00a4\u00ed";

    private final long seed = Long.getLong("everycount.seed", System.nanoTime());
    private final Random random = new Random(seed);

    BodyRoundTripTest() {
        System.out.println("seed " + seed + " (-Deverycount.seed=" + seed + ")");
    }

    @Test
    void lists_come_back_as_they_were_written() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            List<Entry> entries = entries();
            assertThat(read(Format.MANY, array(entries))).as("seed %d", seed).isEqualTo(entries);
            assertThat(read(Format.MANY, object(entries))).as("seed %d", seed).isEqualTo(entries);
            assertThat(read(Format.NDJSON, lines(entries))).as("seed %d", seed).isEqualTo(entries);
            for (Entry entry : entries) {
                assertThat(read(Format.FORM, form(entry))).as("seed %d", seed).isEqualTo(List.of(entry));
            }
            List<Entry> plain = entries.stream()
                    .map(entry -> new Entry("k" + CONTROL.matcher(entry.key()).replaceAll("_") + "k", entry.delta()))
                    .toList();
            assertThat(read(Format.TEXT, text(plain))).as("seed %d", seed).isEqualTo(plain);
        }
    }

    private static List<Entry> read(Format format, byte[] body) throws BodyException {
        return format.parse(body, ENTRIES_MAX).entries();
    }

    @ParameterizedTest
    @EnumSource
    void a_damaged_body_is_taken_if_and_only_if_a_strict_reader_takes_it_and_means_the_same(Format format)
            throws Exception {
        int taken = 0;
        for (int round = 0; round < DAMAGED; round++) {
            byte[] body = damaged(written(format));
            try {
                taken += format.agreesToTake(body, ENTRIES_MAX - 1) ? 1 : 0;
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
        // Both happen often, or the test says nothing.
        assertThat(taken).as("taken; seed %d", seed).isBetween(DAMAGED / 10, DAMAGED - DAMAGED / 10);
    }

    private byte[] written(Format format) throws IOException {
        List<Entry> entries = entries();
        Entry entry = new Entry(key(), delta());
        return switch (format) {
            case FORM -> form(entry);
            case ONE -> written(json -> write(json, entry));
            case MANY -> random.nextBoolean() ? array(entries) : object(entries);
            case NDJSON -> lines(entries);
            case TEXT -> text(entries);
        };
    }

    /** Up to two bytes changed, removed, doubled or put in. */
    private byte[] damaged(byte[] body) {
        byte[] damaged = body;
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(damaged.length + 1);
            int removed = Math.min(random.nextInt(2), damaged.length - at);
            int put = random.nextInt(2);
            byte[] next = new byte[damaged.length - removed + put];
            System.arraycopy(damaged, 0, next, 0, at);
            System.arraycopy(damaged, at + removed, next, at + put, damaged.length - at - removed);
            if (put > 0) {
                boolean again = at > 0 && random.nextInt(4) == 0;
                next[at] = again ? damaged[at - 1] : (byte) INTERESTING.charAt(random.nextInt(INTERESTING.length()));
            }
            damaged = next;
        }
        return damaged;
    }

    private static byte[] form(Entry entry) {
        return ("key=" + URLEncoder.encode(entry.key(), StandardCharsets.UTF_8) + "&value=" + entry.delta())
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] text(List<Entry> entries) {
        StringBuilder text = new StringBuilder();
        entries.forEach(entry ->
                text.append(entry.key()).append(' ').append(entry.delta()).append('\n'));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private byte[] array(List<Entry> entries) throws IOException {
        return written(json -> {
            json.writeStartArray();
            for (Entry entry : entries) {
                write(json, entry);
            }
            json.writeEndArray();
        });
    }

    private byte[] object(List<Entry> entries) throws IOException {
        return written(json -> {
            json.writeStartObject();
            for (Entry entry : entries) {
                json.writeNumberField(entry.key(), entry.delta());
            }
            json.writeEndObject();
        });
    }

    private byte[] lines(List<Entry> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            out.write(written(json -> write(json, entry)));
            out.write('\n');
        }
        return out.toByteArray();
    }

    private void write(JsonGenerator json, Entry entry) throws IOException {
        json.writeStartObject();
        boolean keyFirst = random.nextBoolean();
        if (!keyFirst) {
            json.writeNumberField("value", entry.delta());
        }
        json.writeStringField("key", entry.key());
        if (keyFirst && (entry.delta() != 1 || random.nextBoolean())) {
            json.writeNumberField("value", entry.delta());
        }
        json.writeEndObject();
    }

    @FunctionalInterface
    private interface Writing {
        void write(JsonGenerator json) throws IOException;
    }

    private byte[] written(Writing writing) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonFactory factory = JsonFactory.builder()
                .configure(JsonWriteFeature.ESCAPE_NON_ASCII, random.nextBoolean())
                .configure(JsonWriteFeature.ESCAPE_FORWARD_SLASHES, random.nextBoolean())
                .build();
        try (JsonGenerator json = factory.createGenerator(out)) {
            writing.write(json);
        }
        return out.toByteArray();
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(ENTRIES_MAX + 1); i > 0; i--) {
            entries.add(new Entry(key(), delta()));
        }
        return entries;
    }

    private String key() {
        StringBuilder key = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            key.appendCodePoint(
                    switch (random.nextInt(6)) {
                        case 0 -> random.nextInt(0x20);
                        case 1 -> "\"\\/%&=+ ".charAt(random.nextInt(8));
                        case 2 -> 0x80 + random.nextInt(0x700);
                        case 3 -> 0x10000 + random.nextInt(0xFFFFF);
                        case 4 -> 0xE000 + random.nextInt(0x1000);
                        default -> 'a' + random.nextInt(26);
                    });
        }
        return key.toString();
    }

    private long delta() {
        return switch (random.nextInt(5)) {
            case 0 -> 1;
            case 1 -> Long.MAX_VALUE;
            case 2 -> Long.MIN_VALUE;
            case 3 -> random.nextLong();
            default -> random.nextInt(2_000) - 1_000;
        };
    }
}
