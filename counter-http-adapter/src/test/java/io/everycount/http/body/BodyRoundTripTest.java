// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.everycount.http.body.Parsed.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What other people's writers write is read as they meant it, and what their strict parser refuses is refused. */
class BodyRoundTripTest {
    private static final int ROUNDS = 2_000;

    private final long seed = Long.getLong("everycount.seed", System.nanoTime());
    private final Random random = new Random(seed);

    BodyRoundTripTest() {
        System.out.println("seed " + seed + " (-Deverycount.seed=" + seed + ")");
    }

    @Test
    void lists_come_back_as_they_were_written() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            List<Entry> entries = entries();
            assertThat(Parsed.of((b, o, l, i) -> JsonBody.parseMany(b, o, l, 100, i), array(entries))
                            .entries())
                    .as("seed %d", seed)
                    .isEqualTo(entries);
            assertThat(Parsed.of((b, o, l, i) -> NdjsonBody.parse(b, o, l, 100, i), lines(entries))
                            .entries())
                    .isEqualTo(entries);
            assertThat(Parsed.of((b, o, l, i) -> JsonBody.parseMany(b, o, l, 100, i), object(entries))
                            .entries())
                    .isEqualTo(entries);
            for (Entry entry : entries) {
                String form =
                        "key=" + URLEncoder.encode(entry.key(), StandardCharsets.UTF_8) + "&value=" + entry.delta();
                assertThat(Parsed.of(FormBody::parse, form).entries()).isEqualTo(List.of(entry));
            }
            List<Entry> plain = entries.stream()
                    .map(entry -> new Entry("k" + entry.key().replaceAll("\\p{Cntrl}| ", "_") + "k", entry.delta()))
                    .toList();
            StringBuilder text = new StringBuilder();
            plain.forEach(entry ->
                    text.append(entry.key()).append(' ').append(entry.delta()).append('\n'));
            assertThat(Parsed.of((b, o, l, i) -> TextBody.parse(b, o, l, 100, i), text.toString())
                            .entries())
                    .isEqualTo(plain);
        }
    }

    @Test
    void a_damaged_document_is_taken_only_if_a_strict_parser_takes_it_and_means_the_same() throws Exception {
        int taken = 0;
        int refused = 0;
        for (int round = 0; round < 20 * ROUNDS; round++) {
            byte[] document = random.nextBoolean() ? array(entries()) : object(entries());
            damage(document);
            List<Entry> ours = null;
            try {
                ours = Parsed.of((b, o, l, i) -> JsonBody.parseMany(b, o, l, 100, i), document.clone())
                        .entries();
                taken++;
            } catch (BodyException e) {
                refused++;
            }
            if (ours != null) {
                assertThat(reference(document))
                        .as("seed %d, round %d", seed, round)
                        .isEqualTo(ours);
            }
        }
        // Both happen, or the test says nothing.
        assertThat(taken).isGreaterThan(ROUNDS);
        assertThat(refused).isGreaterThan(ROUNDS);
    }

    private void damage(byte[] document) {
        String interesting = "{}[]\",:\\ \n\t-0159eE.+/utfnb\u0000\u007f";
        for (int i = random.nextInt(3); i > 0; i--) {
            document[random.nextInt(document.length)] = (byte) interesting.charAt(random.nextInt(interesting.length()));
        }
    }

    private List<Entry> reference(byte[] document) throws IOException {
        List<Entry> entries = new ArrayList<>();
        // As text: keys that are not UTF-8 are not the parsers' business.
        try (JsonParser json = new JsonFactory().createParser(new String(document, StandardCharsets.UTF_8))) {
            switch (json.nextToken()) {
                case START_ARRAY -> {
                    while (json.nextToken() == com.fasterxml.jackson.core.JsonToken.START_OBJECT) {
                        String key = null;
                        long delta = 1;
                        String name;
                        while ((name = json.nextFieldName()) != null) {
                            json.nextToken();
                            if (name.equals("key")) {
                                key = json.getText();
                            } else {
                                delta = json.getLongValue();
                            }
                        }
                        entries.add(new Entry(key, delta));
                    }
                }
                case START_OBJECT -> {
                    String name;
                    while ((name = json.nextFieldName()) != null) {
                        json.nextToken();
                        entries.add(new Entry(name, json.getLongValue()));
                    }
                }
                default -> throw new IOException("neither");
            }
            if (json.nextToken() != null) {
                throw new IOException("more");
            }
        }
        return entries;
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
        for (int i = random.nextInt(8); i > 0; i--) {
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
