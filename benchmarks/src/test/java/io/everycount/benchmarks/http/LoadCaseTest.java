// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LoadCaseTest {
    @ParameterizedTest
    @CsvSource({
        "FORM, key=article-, 1",
        "JSON, key\":\"article-, 1",
        "JSON_1000, key\":\"article-, 1",
        "ARRAY, key\":\"article-, 1000",
        "TEXT, article-, 1000"
    })
    void requests_are_whole_and_the_same_each_time(LoadCase load, String entry, int entries) {
        for (byte[] bytes : load.requests("127.0.0.1:1")) {
            String request = new String(bytes, StandardCharsets.US_ASCII);
            String body = request.substring(request.indexOf("\r\n\r\n") + 4);

            assertThat(request).contains("\r\nContent-Length: " + body.length() + "\r\n");
            assertThat(body.split(entry, -1)).hasSize(entries + 1);
        }
        assertThat(load.requests("h").toArray(byte[][]::new))
                .isDeepEqualTo(load.requests("h").toArray(byte[][]::new));
    }
}
