// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * No body makes a parser throw anything but a {@link BodyException}, or touch or name a byte outside the body,
 * and none is taken for anything but what the {@link Reference} sees in it.
 *
 * <p>In a build, on the inputs that fuzzing has kept; {@code fuzz.sh} looks for others.
 */
class BodyFuzzTest {
    private static final String LONG_MIN = "-9223372036854775808";
    private static final int INCREMENTS_MAX = 20;

    @DictionaryEntries({"key=", "value=", "&", "%25", "%c3%a4", "+", "=", LONG_MIN})
    @FuzzTest
    void form(byte[] body) {
        Format.FORM.agreesToTake(body, 1);
    }

    @DictionaryEntries({"{\"key\":", "\"value\":", "\"a\"", ",", "}", "\\ud83d\\ude00", "\\u0041", "\\n", LONG_MIN})
    @FuzzTest
    void one(byte[] body) {
        Format.ONE.agreesToTake(body, 1);
    }

    @DictionaryEntries({"[", "{\"key\":", "\"value\":", "\"a\"", ",", "}", "]", "\\ud83d\\ude00", "{\"a\":1,", LONG_MIN
    })
    @FuzzTest
    void many(byte[] body) {
        Format.MANY.agreesToTake(body, INCREMENTS_MAX);
    }

    @DictionaryEntries({"{\"key\":", "\"value\":", "\"a\"", ",", "}", "\\ud83d\\ude00", LONG_MIN})
    @FuzzTest
    void ndjson(byte[] body) {
        Format.NDJSON.agreesToTake(body, INCREMENTS_MAX);
    }

    @DictionaryEntries({"key 1", " -1", LONG_MIN})
    @FuzzTest
    void text(byte[] body) {
        Format.TEXT.agreesToTake(body, INCREMENTS_MAX);
    }
}
