// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class AnswerReaderTest {
    private static final String WITH_LENGTH =
            "HTTP/1.1 202 Accepted\r\nServer: x\r\nCONTENT-length: 11\r\nCache: y\r\n\r\n{\"a\":\"\r\n\r\"}";
    private static final String CHUNKED =
            "HTTP/1.1 202 \r\nTransfer-Encoding: chunked\r\n\r\nb;x=y\r\n{\"a\":\"\r\n\r\"}\r\n1\r\nx\r\n0\r\nT: z\r\n\r\n";
    private static final String EMPTY = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

    @Test
    void answers_one_after_the_other_end_where_they_end() {
        ByteBuffer bytes = bytes(WITH_LENGTH + CHUNKED + EMPTY + WITH_LENGTH);
        AnswerReader reader = new AnswerReader();

        assertThat(reader.read(bytes)).isTrue();
        assertThat(bytes.position()).isEqualTo(WITH_LENGTH.length());
        assertThat(reader.read(bytes)).isTrue();
        assertThat(bytes.position()).isEqualTo((WITH_LENGTH + CHUNKED).length());
        assertThat(reader.read(bytes)).isTrue();
        assertThat(reader.read(bytes)).isTrue();
        assertThat(bytes.remaining()).isZero();
        assertThat(reader.read(bytes)).isFalse();
    }

    @Test
    void the_end_is_found_in_pieces_of_any_size() {
        for (String answer : new String[] {WITH_LENGTH, CHUNKED, EMPTY}) {
            for (int size = 1; size < answer.length(); size++) {
                AnswerReader reader = new AnswerReader();
                for (int start = 0; start < answer.length(); start += size) {
                    int end = Math.min(start + size, answer.length());
                    assertThat(reader.read(bytes(answer.substring(start, end))))
                            .as("pieces of %d, up to %d", size, end)
                            .isEqualTo(end == answer.length());
                }
            }
        }
    }

    @Test
    void any_other_answer_is_an_error() {
        assertThatThrownBy(() -> new AnswerReader().read(bytes("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("answered: HTTP/1.1 503 Busy");
        assertThatThrownBy(() -> new AnswerReader().read(bytes("HTTP/1.1 200 OK\r\n")))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new AnswerReader().read(bytes("HTTP/1.1 202 Accepted\r\n\r\nuntil closed")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("an answer has neither a length nor chunks");
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
