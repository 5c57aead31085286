// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class PeerCountsTest {
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final String JSON = "application/json";

    private final PeerCounts counts = new PeerCounts();

    @Test
    void counts_forms_json_arrays_and_lines() throws Exception {
        assertThat(post("/increment", FORM, "key=a%3Ab&value=5")).isEqualTo("{\"accepted\":1,\"ack\":\"memory\"}\n");
        post("/increment", FORM, "key=a:b");
        post("/increment", JSON, "{\"key\":\"a:b\",\"value\":10}");
        post("/increment", JSON, "{\"key\":\"a:b\"}");
        assertThat(post("/increments", JSON, "[{\"key\":\"a:b\",\"value\":20},{\"value\":-3,\"key\":\"c\"}]"))
                .isEqualTo("{\"accepted\":2,\"ack\":\"memory\"}\n");
        post("/increments", "text/plain", "a:b 40\nc d 7\n");

        assertThat(counts.count("a:b")).isEqualTo(5 + 1 + 10 + 1 + 20 + 40);
        assertThat(counts.count("c")).isEqualTo(-3);
        assertThat(counts.count("c d")).isEqualTo(7);
    }

    @Test
    void a_body_with_a_bad_entry_counts_nothing() {
        assertThatThrownBy(() -> post("/increments", JSON, "[{\"key\":\"a\"},{\"value\":1}]"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> post("/increments", "text/plain", "a 1\na x\n"))
                .isInstanceOf(NumberFormatException.class);

        assertThat(counts.count("a")).isZero();
    }

    private String post(String path, String contentType, String body) throws Exception {
        byte[] answer = counts.post(path, contentType, body.getBytes(StandardCharsets.UTF_8));
        return new String(answer, StandardCharsets.US_ASCII);
    }
}
