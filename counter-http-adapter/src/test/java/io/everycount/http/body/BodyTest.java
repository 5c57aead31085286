// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everycount.http.body.Parsed.Entry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each format takes, and what it says of what it does not. Of an expected list, entries are key=delta. */
class BodyTest {
    private static final int MAX = 4;

    /** In the tables: ⏎ is a line feed, ↵ a carriage return, ⇥ a tab, ␣ a space, ⑊ a backslash, ∅ nothing. */
    private static String real(String shown) {
        return shown.replace("⏎", "\n")
                .replace("↵", "\r")
                .replace("⇥", "\t")
                .replace("␣", " ")
                .replace("∅", "")
                .replace("⑊", "\\")
                .replace("␈", "\b")
                .replace("␌", "\f");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '¦', quoteCharacter = '§', textBlock = """
            FORM   ¦ key=abc                                  ¦ abc=1
            FORM   ¦ key=abc&value=5                          ¦ abc=5
            FORM   ¦ value=-5&key=abc                         ¦ abc=-5
            FORM   ¦ &&key=abc&                               ¦ abc=1
            FORM   ¦ k%65y=a%20b+c%2B%C3%A4&value=%2d007      ¦ a b c+ä=-7
            FORM   ¦ key=a=b                                  ¦ a=b=1
            FORM   ¦ key=                                     ¦ =1
            FORM   ¦ key=a&value=-9223372036854775808         ¦ a=-9223372036854775808
            FORM   ¦ key=a&value=9223372036854775807          ¦ a=9223372036854775807
            FORM   ¦ key=a&value=000000000000000000000000005  ¦ a=5
            ONE    ¦ {"key":"abc"}                            ¦ abc=1
            ONE    ¦ ␣{␣"value"␣:⏎-0⇥,"key":␣"abc"↵}⏎         ¦ abc=0
            ONE    ¦ {"⑊u006bey":"⑊"⑊⑊⑊/⑊b⑊f⑊u00e4⑊ud83d⑊ude00x","v⑊u0061lue":12} ¦ "⑊/␈␌ä😀x=12
            ONE    ¦ {"key":"a","value":9223372036854775807}  ¦ a=9223372036854775807
            MANY   ¦ []                                       ¦ ∅
            MANY   ¦ ␣{␣}␣                                    ¦ ∅
            MANY   ¦ [{"key":"a"},{"value":2,"key":"b"}]      ¦ a=1,b=2
            MANY   ¦ {"a":1,"value":2,"a":3,"key":4}          ¦ a=1,value=2,a=3,key=4
            NDJSON ¦ {"key":"a"}                              ¦ a=1
            NDJSON ¦ ⏎{"key":"a"}↵⏎␣⏎{"key":"b","value":3}⏎   ¦ a=1,b=3
            NDJSON ¦ ∅                                        ¦ ∅
            TEXT   ¦ a 1                                      ¦ a=1
            TEXT   ¦ a 1⏎⏎b⇥-2↵⏎with some spaces␣⇥3␣␣⏎        ¦ a=1,b=-2,with some spaces=3
            TEXT   ¦ a 1↵                                     ¦ a=1
            TEXT   ¦ a⇥b⇥ä␣-007                               ¦ a⇥b⇥ä=-7
            TEXT   ¦ 5 5                                      ¦ 5=5
            TEXT   ¦ ∅                                        ¦ ∅
            TEXT   ¦ ⏎↵⏎                                      ¦ ∅
            """)
    void good_bodies_are_taken(Format format, String body, String expected) throws BodyException {
        List<String> found = new ArrayList<>();
        for (Entry entry :
                format.parse(real(body).getBytes(StandardCharsets.UTF_8), MAX).entries()) {
            found.add(entry.key() + "=" + entry.delta());
        }
        String wanted = real(expected);
        assertThat(String.join(",", found)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '¦', quoteCharacter = '§', textBlock = """
            FORM   ¦ ∅                             ¦ -1 ¦ 0  ¦ there is no key: the end
            FORM   ¦ value=5                       ¦ -1 ¦ 0  ¦ there is no key
            FORM   ¦ abc                           ¦ -1 ¦ 0  ¦ has no =
            FORM   ¦ key=a&key=b                   ¦ -1 ¦ 6  ¦ two keys
            FORM   ¦ key=a&value=1&value=1         ¦ -1 ¦ 14 ¦ two values
            FORM   ¦ key=a&other=1                 ¦ -1 ¦ 6  ¦ unknown field: "other"
            FORM   ¦ key=a&value=                  ¦ -1 ¦ 12 ¦ not a whole number
            FORM   ¦ key=a&value=1.5               ¦ -1 ¦ 12 ¦ not a whole number of 64 bits: "1.5"
            FORM   ¦ key=a&value=9223372036854775808  ¦ -1 ¦ 12 ¦ not a whole number
            FORM   ¦ key=a&value=-9223372036854775809 ¦ -1 ¦ 12 ¦ not a whole number
            FORM   ¦ key=a⏎                        ¦ -1 ¦ 5  ¦ a control character is not percent-encoded
            FORM   ¦ \uFEFFkey=a                   ¦ -1 ¦ 0  ¦ byte order mark
            FORM   ¦ key=%4                        ¦ -1 ¦ 4  ¦ two hexadecimal digits
            FORM   ¦ key=%                         ¦ -1 ¦ 4  ¦ two hexadecimal digits
            FORM   ¦ key=%4g                       ¦ -1 ¦ 4  ¦ two hexadecimal digits
            ONE    ¦ ∅                             ¦ -1 ¦ 0  ¦ expected an object with a key and a value, found the end
            ONE    ¦ {}                            ¦ -1 ¦ 1  ¦ expected "key", found "}"
            ONE    ¦ {"value":1}                   ¦ -1 ¦ 10 ¦ has no key
            ONE    ¦ {"key":1}                     ¦ -1 ¦ 7  ¦ a string as key
            ONE    ¦ {"key":null}                  ¦ -1 ¦ 7  ¦ a string as key
            ONE    ¦ {"key":"a","value":"5"}       ¦ -1 ¦ 19 ¦ without quotes
            ONE    ¦ {"key":"a","value":5.0}       ¦ -1 ¦ 19 ¦ fraction or exponent
            ONE    ¦ {"key":"a","value":1e3}       ¦ -1 ¦ 19 ¦ fraction or exponent
            ONE    ¦ {"key":"a","value":05}        ¦ -1 ¦ 19 ¦ a whole number
            ONE    ¦ {"key":"a","value":+5}        ¦ -1 ¦ 19 ¦ a whole number
            ONE    ¦ {"key":"a","value":-}         ¦ -1 ¦ 19 ¦ a whole number
            ONE    ¦ {"key":"a","value":}          ¦ -1 ¦ 19 ¦ a whole number
            ONE    ¦ {"key":"a","value":9223372036854775808} ¦ -1 ¦ 19 ¦ a whole number of 64 bits
            ONE    ¦ {"key":"a","key":"b"}         ¦ -1 ¦ 11 ¦ a second key
            ONE    ¦ {"key":"a","value":1,"value":1} ¦ -1 ¦ 21 ¦ a second value
            ONE    ¦ {"key":"a","x":1}             ¦ -1 ¦ 11 ¦ a member "x"; key and value are allowed
            ONE    ¦ {"key":"a",}                  ¦ -1 ¦ 11 ¦ expected "key" or "value", found "}"
            ONE    ¦ {"key":"a"} x                 ¦ -1 ¦ 12 ¦ expected nothing more, found "x"
            ONE    ¦ {"key":"a                     ¦ -1 ¦ 7  ¦ no closing quote
            ONE    ¦ {"key":"a⑊n                  ¦ -1 ¦ 7  ¦ no closing quote
            ONE    ¦ {"key":"a⏎"}                  ¦ -1 ¦ 9  ¦ a control character
            ONE    ¦ {"key":"⑊n⇥"}                ¦ -1 ¦ 10 ¦ a control character
            ONE    ¦ {"key":"⑊x"}                 ¦ -1 ¦ 8  ¦ no such escape
            ONE    ¦ {"key":"⑊u12g4"}             ¦ -1 ¦ 8  ¦ four hexadecimal digits
            ONE    ¦ {"key":"⑊ud83d"}             ¦ -1 ¦ 8  ¦ half a surrogate pair
            ONE    ¦ {"key":"⑊ude00⑊ud83d"}      ¦ -1 ¦ 8  ¦ half a surrogate pair
            ONE    ¦ {"key":"⑊ud83d⑊u0041"}      ¦ -1 ¦ 8  ¦ half a surrogate pair
            ONE    ¦ {key:"a"}                     ¦ -1 ¦ 1  ¦ expected "key" or "value"
            ONE    ¦ [{"key":"a"}]                 ¦ -1 ¦ 0  ¦ expected an object
            MANY   ¦ 5                             ¦ -1 ¦ 0  ¦ expected an array of increments, or an object of keys and deltas, found "5"
            MANY   ¦ [{"key":"a"},5]               ¦ 1  ¦ 13 ¦ expected an object with a key and a value, found "5]"
            MANY   ¦ [{"key":"a"},]                ¦ 1  ¦ 13 ¦ expected an object
            MANY   ¦ [{"key":"a"}                  ¦ 0  ¦ 12 ¦ expected a comma or ], found the end
            MANY   ¦ {"key":"abc"}                 ¦ 0  ¦ 7  ¦ a whole number of 64 bits
            MANY   ¦ {"a":1,"b":[1]}               ¦ 1  ¦ 11 ¦ a whole number of 64 bits
            MANY   ¦ [{"key":"a"}] x               ¦ -1 ¦ 14 ¦ expected nothing more, found "x"
            MANY   ¦ {"a":1}{"b":1}                ¦ -1 ¦ 7  ¦ expected nothing more
            MANY   ¦ [[{"key":"a"}]]               ¦ 0  ¦ 1  ¦ expected an object
            MANY   ¦ [{"key":"a"},{"key":"b","value":NaN}] ¦ 1 ¦ 32 ¦ a whole number of 64 bits, without quotes, fraction or exponent, found "NaN}]"
            MANY   ¦ \uFEFF[]                      ¦ -1 ¦ 0  ¦ byte order mark
            MANY   ¦ {"a":1,"b":1,"c":1,"d":1,"e":1} ¦ 4 ¦ 25 ¦ more than 4 increments
            NDJSON ¦ {"key":"a"} {"key":"b"}       ¦ 0  ¦ 12 ¦ expected nothing more
            NDJSON ¦ {"key":⏎"a"}                  ¦ 0  ¦ 7  ¦ expected a string as key, found the end of the line
            NDJSON ¦ {"key":"a⏎                    ¦ 0  ¦ 9  ¦ a control character
            NDJSON ¦ ⏎{"key":"a"}⏎⏎{"key":"b"},⏎   ¦ 1  ¦ 25 ¦ expected nothing more on this line, found ",⑊x0a"
            NDJSON ¦ {"a":1}                       ¦ 0  ¦ 1  ¦ a member "a"
            NDJSON ¦ \uFEFF{"key":"a"}             ¦ -1 ¦ 0  ¦ byte order mark
            NDJSON ¦ {"key":"a"}⏎{"key":1}         ¦ 1  ¦ 19 ¦ a string as key
            TEXT   ¦ abc                           ¦ 0  ¦ 0  ¦ a single word: "abc"
            TEXT   ¦ a 1⏎b                         ¦ 1  ¦ 4  ¦ a single word: "b"
            TEXT   ¦ a 1⏎b x                       ¦ 1  ¦ 6  ¦ not a whole number of 64 bits: "x"
            TEXT   ¦ a 1⏎b 1e3                     ¦ 1  ¦ 6  ¦ not a whole number
            TEXT   ¦ a +1                          ¦ 0  ¦ 2  ¦ not a whole number
            TEXT   ¦ a 1↵b 1↵                      ¦ 0  ¦ 3  ¦ a line has a control character
            TEXT   ¦ a 1⏎b␈ 1                      ¦ 1  ¦ 5  ¦ a line has a control character: "⑊x08 1"
            TEXT   ¦ ␣a 1                          ¦ 0  ¦ 0  ¦ begins with a blank
            TEXT   ¦ a 1⏎␣␣⏎                       ¦ 1  ¦ 4  ¦ nothing but blanks
            TEXT   ¦ a 1⏎b 1⏎c 1⏎d 1⏎e 1           ¦ 4  ¦ 16 ¦ more than 4 increments
            TEXT   ¦ \uFEFFa 1                     ¦ -1 ¦ 0  ¦ byte order mark
            """)
    void bad_bodies_are_refused_with_the_place_and_the_reason(
            Format format, String body, int index, int offset, String reason) {
        BodyException refused = catchThrowableOfType(
                BodyException.class, () -> format.parse(real(body).getBytes(StandardCharsets.UTF_8), MAX));
        assertThat(refused).as("refused").isNotNull();
        assertThat(refused.getMessage()).contains(real(reason));
        assertThat(refused.index()).as("index: " + refused.getMessage()).isEqualTo(index);
        assertThat(refused.offset()).as("offset: " + refused.getMessage()).isEqualTo(offset);
    }
}
