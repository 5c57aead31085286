// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.http.body.Parsed.Entry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The formats, each with our parser and with a {@link Reference} that shares nothing with it. */
enum Format {
    FORM(
            (body, offset, length, increments, into) -> FormBody.parse(body, offset, length, into),
            (body, increments) -> Reference.form(body)),
    ONE(
            (body, offset, length, increments, into) -> JsonBody.parseOne(body, offset, length, into),
            (body, increments) -> Reference.one(body)),
    MANY(JsonBody::parseMany, Reference::many),
    NDJSON(NdjsonBody::parse, Reference::ndjson),
    TEXT(TextBody::parse, Reference::text);

    private static final int AMPLE = 1_000_000;

    @FunctionalInterface
    private interface Parser {
        void parse(byte[] body, int offset, int length, int incrementsMax, io.everycount.Increments into)
                throws BodyException;
    }

    @FunctionalInterface
    private interface Expectation {
        Optional<List<Entry>> of(byte[] body, int incrementsMax);
    }

    private final Parser parser;
    private final Expectation expectation;

    Format(Parser parser, Expectation expectation) {
        this.parser = parser;
        this.expectation = expectation;
    }

    Parsed parse(String body) throws BodyException {
        return parse(body.getBytes(StandardCharsets.UTF_8), AMPLE);
    }

    Parsed parse(byte[] body, int incrementsMax) throws BodyException {
        return Parsed.of(
                (array, offset, length, into) -> parser.parse(array, offset, length, incrementsMax, into), body);
    }

    /**
     * Parses, and fails unless the reference sees the same increments, or refuses the body as well.
     *
     * @return whether the body was taken
     */
    boolean agreesToTake(byte[] body, int incrementsMax) {
        Optional<List<Entry>> expected = expectation.of(body, incrementsMax);
        try {
            assertThat(parse(body, incrementsMax).entries())
                    .as("taken: %s", Found.at(body, 0, body.length))
                    .isEqualTo(expected.orElse(null));
            return true;
        } catch (BodyException e) {
            if (expected.isPresent()) {
                throw new AssertionError(this + " should have taken " + new String(body, StandardCharsets.UTF_8), e);
            }
            return false;
        }
    }
}
