// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Legal keys that stores like to confuse: with each other, with syntax, with nothing. */
final class OddKeys {
    private OddKeys() {}

    static List<String> all() {
        List<String> keys = new ArrayList<>(List.of(
                // Spaces, case, normal forms
                "a",
                " a",
                "a ",
                " a ",
                "  a",
                " ",
                "  ",
                "a\u00a0",
                "\u3000",
                "A",
                "Key",
                "key",
                "KEY",
                "stra\u00dfe",
                "strasse",
                "STRASSE",
                "i",
                "I",
                "\u0131",
                "\u0130",
                "\uff41",
                "caf\u00e9",
                "cafe\u0301",
                "cafe",
                "\u212b",
                "\u00c5",
                "A\u030a",
                // Invisible and directional characters
                "\ufeffa",
                "a\u200b",
                "a\u200d",
                "\u202ea",
                "\u2028",
                "\u2029",
                "\u0085",
                // What some syntax gives a meaning to
                "'",
                "''",
                "\"",
                "\"\"",
                "`",
                "\\",
                "\\\\",
                "\\'",
                "\\n",
                "\\0",
                "\\u0000",
                "\\x00",
                "%",
                "%%",
                "%s",
                "%00",
                "_",
                "?",
                "*",
                "$1",
                "$$",
                ":a",
                "::text",
                "{}",
                "{a,b}",
                "{\"a\"}",
                "[]",
                "()",
                ",",
                ";",
                "--",
                "/*",
                "#",
                "&",
                "<b>",
                "=",
                "a=b",
                "a:b",
                "a/b",
                "../a",
                "'; DROP TABLE counter; --",
                "NULL",
                "null",
                "true",
                "0",
                "00",
                "1",
                "01",
                "1.0",
                "1e0",
                "-1",
                "NaN",
                // Other scripts, emoji, and the ends of UTF-8's and UTF-16's ranges: their orders differ
                "\u65e5\u672c",
                "\u0627\u0644",
                "\u007f",
                "\u0080",
                "\u07ff",
                "\u0800",
                "\ud7ff",
                "\ue000",
                "\ufffd",
                "\ufffe",
                "\uffff",
                "\ud83d\ude00",
                "\ud83d\udc69\u200d\ud83d\udcbb",
                "\ud800\udc00",
                "\udbff\udfff"));
        for (char control = 1; control < ' '; control++) {
            keys.add(String.valueOf(control));
            keys.add("a" + control);
            keys.add(control + "a");
        }
        // As long as keys may get (1,024 bytes), and different only at the very end
        keys.add("k".repeat(1024));
        keys.add("k".repeat(1023));
        keys.add("k".repeat(1023) + "l");
        keys.add("\u00e9".repeat(512));
        keys.add("\ud83d\ude00".repeat(256));
        keys.add("\ud83d\ude00".repeat(255) + "\ud83d\ude01");
        return keys;
    }

    /** Each key with an amount that no other has. */
    static Map<String, Long> counted() {
        Map<String, Long> deltas = new LinkedHashMap<>();
        for (String key : all()) {
            deltas.put(key, deltas.size() + 1L);
        }
        return deltas;
    }
}
