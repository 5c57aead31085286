// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes JSON in UTF-8, with a line feed after it. */
public final class Json {
    /** The media type of JSON. */
    public static final String CONTENT_TYPE = "application/json";

    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** Writes one value. */
    public interface Writer {
        /** Writes it. */
        void write(JsonGenerator json) throws IOException;
    }

    /** The bytes of one value. */
    public static byte[] bytes(Writer writer) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(256);
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
            writer.write(json);
            json.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer in memory cannot fail", e);
        }
        return out.toByteArray();
    }

    /** Writes a field with a text, or null if there is none. */
    public static void text(JsonGenerator json, String field, @Nullable String text) throws IOException {
        if (text == null) {
            json.writeNullField(field);
        } else {
            json.writeStringField(field, text);
        }
    }

    /** A constant's name as it is in JSON. */
    public static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
