// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeyRangeTest {
    @Test
    void theEndOfAPrefixIsTheNextTextThatDoesNotBeginWithIt() {
        assertThat(KeyRange.end("abc")).isEqualTo("abd");
        assertThat(KeyRange.end("a\uD7FF")).isEqualTo("a\uE000");
        assertThat(KeyRange.end("a\uFFFF")).isEqualTo("a\uD800\uDC00");
        assertThat(KeyRange.end("a\uDBFF\uDFFF")).isEqualTo("b");
    }

    @Test
    void aPrefixOfNothingButTheLastCharacterHasNoEnd() {
        assertThat(KeyRange.end("\uDBFF\uDFFF")).isNull();
        assertThat(KeyRange.end("")).isNull();
    }
}
