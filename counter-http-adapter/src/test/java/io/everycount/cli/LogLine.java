// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads lines of logs, strictly: a line that is not in its format, or has a field twice, is an error. */
public final class LogLine {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final Pattern PAIR = Pattern.compile("(\\w+)=(\"(?:[^\"\\\\]++|\\\\.)*+\"|[^\\s\"=]+)( |$)");

    private LogLine() {}

    /** The fields of a JSON object; values as text. */
    public static Map<String, String> ofJson(String line) {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(line)) {
            assertThat(parser.nextToken()).as(line).isEqualTo(JsonToken.START_OBJECT);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                assertThat(parser.nextToken().isScalarValue()).as(line).isTrue();
                fields.put(name, parser.getText());
            }
            assertThat(parser.nextToken()).as("after %s", line).isNull();
        } catch (IOException e) {
            throw new UncheckedIOException(line, e);
        }
        return fields;
    }

    /** The pairs of a line in logfmt; values without their quotes. */
    public static Map<String, String> ofLogfmt(String line) {
        Map<String, String> fields = new LinkedHashMap<>();
        Matcher pair = PAIR.matcher(line);
        int end = 0;
        while (end < line.length()) {
            assertThat(pair.find(end)).as(line).isTrue();
            assertThat(pair.start()).as(line).isEqualTo(end);
            String value = pair.group(2);
            String text =
                    value.startsWith("\"") ? ofJson("{\"v\":" + value + "}").get("v") : value;
            assertThat(fields.put(pair.group(1), text)).as(line).isNull();
            end = pair.end();
        }
        return fields;
    }
}
