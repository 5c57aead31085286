// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import io.everycount.http.exchange.Shown;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is in a key file, version 1: a first line that says so, then a line for each key; at most two of one
 * id. Empty lines and lines that begin with # do not matter, and stay when a command changes the file.
 * Immutable.
 *
 * <pre>
 * everycount-keys 1
 * # id  scopes  SHA-256 of the secret  created  [expires=time]  [rate=requests per second]
 * web-1 write 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 2026-11-24T08:00:00Z rate=500
 * </pre>
 */
final class KeyFile {
    /** How long an id may be, in characters. */
    static final int ID_CHARS_MAX = 40;

    private static final String FIRST_LINE = "everycount-keys 1";
    private static final String COLUMNS =
            "# id  scopes  SHA-256 of the secret  created  [expires=time]  [rate=requests per second]";
    private static final String FIRST_LINE_WANTED = "the first line has to be \"" + FIRST_LINE + "\"";
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1," + ID_CHARS_MAX + "}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern RATE = Pattern.compile("[1-9][0-9]{0,6}");
    private static final int PER_ID_MAX = 2;

    private final List<Line> lines;

    /** A line as it stands in the file, and the key that it is, if it is one. */
    private record Line(String text, @Nullable ApiKey key) {}

    private KeyFile(List<Line> lines) {
        this.lines = lines;
    }

    static String requireId(String id) {
        if (id.indexOf('.') >= 0) {
            // Not repeated: what follows the dot may be a secret.
            throw new KeyFileException("an id has no dot; give what is before the dot of a key", null);
        }
        if (id.length() > ID_CHARS_MAX) {
            // Not repeated: it may be a secret.
            throw new KeyFileException(
                    "the id has " + id.length() + " characters; 1 to " + ID_CHARS_MAX + " are allowed", null);
        }
        if (!ID.matcher(id).matches()) {
            throw new KeyFileException(
                    "the id " + Shown.text(id) + " is not allowed; 1 to " + ID_CHARS_MAX
                            + " letters, digits, hyphens and underscores are",
                    null);
        }
        return id;
    }

    /** A file without keys. */
    static KeyFile empty() {
        return new KeyFile(List.of(new Line(FIRST_LINE, null), new Line(COLUMNS, null)));
    }

    /**
     * Reads a text.
     *
     * @param name what the file is called in messages
     * @throws KeyFileException that names the line which is wrong
     */
    static KeyFile parse(String name, String text) {
        List<Line> lines = new ArrayList<>();
        Map<String, List<ApiKey>> byId = new HashMap<>();
        boolean begun = false;
        int from = 0;
        while (from < text.length()) {
            int number = lines.size() + 1;
            int end = text.indexOf('\n', from);
            if (end < 0) {
                throw wrong(name, number, "the line does not end; half a file, perhaps");
            }
            String asItStands = text.substring(from, end);
            String line = asItStands.strip();
            from = end + 1;
            ApiKey key = null;
            if (line.equals(FIRST_LINE) && !begun) {
                begun = true;
            } else if (!line.isEmpty() && !line.startsWith("#")) {
                if (!begun) {
                    throw wrong(name, number, FIRST_LINE_WANTED);
                }
                key = key(name, number, line.split("\\s+"));
                add(name, number, key, byId);
            }
            lines.add(new Line(asItStands, key));
        }
        if (!begun) {
            throw new KeyFileException(name + " is empty; " + FIRST_LINE_WANTED, null);
        }
        return new KeyFile(lines);
    }

    private static void add(String name, int number, ApiKey key, Map<String, List<ApiKey>> byId) {
        List<ApiKey> own = byId.computeIfAbsent(key.id(), id -> new ArrayList<>(PER_ID_MAX));
        for (ApiKey other : own) {
            if (other.hash().equals(key.hash())) {
                throw wrong(name, number, "the same key is there twice");
            }
        }
        if (own.size() == PER_ID_MAX) {
            throw wrong(name, number, "a third key of the id " + key.id() + "; two are allowed");
        }
        own.add(key);
    }

    private static ApiKey key(String name, int number, String[] fields) {
        if (fields.length < 4) {
            throw wrong(name, number, "there are " + fields.length + " fields; id, scopes, hash and time are needed");
        }
        if (!ID.matcher(fields[0]).matches()) {
            throw wrong(
                    name, number, "the id is not 1 to " + ID_CHARS_MAX + " letters, digits, hyphens and underscores");
        }
        if (!HASH.matcher(fields[2]).matches()) {
            throw wrong(name, number, "the hash is not 64 hexadecimal digits in lower case");
        }
        Instant expires = null;
        Integer rate = null;
        for (int i = 4; i < fields.length; i++) {
            if (fields[i].startsWith("expires=") && expires == null) {
                expires = time(name, number, fields[i].substring("expires=".length()));
            } else if (fields[i].startsWith("rate=") && rate == null) {
                String given = fields[i].substring("rate=".length());
                if (!RATE.matcher(given).matches()) {
                    throw wrong(name, number, "the rate is not a whole number from 1 to " + TokenBucket.PER_SECOND_MAX);
                }
                rate = Integer.valueOf(given);
            } else {
                throw wrong(name, number, "field " + (i + 1) + " is neither expires=time nor rate=number");
            }
        }
        return new ApiKey(
                fields[0], scopes(name, number, fields[1]), fields[2], time(name, number, fields[3]), expires, rate);
    }

    private static Set<Scope> scopes(String name, int number, String given) {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        for (String one : given.split(",", -1)) {
            try {
                scopes.add(Scope.valueOf(one.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw wrong(name, number, "a scope is none of write, read and admin");
            }
        }
        return scopes;
    }

    private static Instant time(String name, int number, String given) {
        try {
            return Instant.parse(given);
        } catch (DateTimeException e) {
            throw wrong(name, number, "a time is not like 2026-11-24T08:00:00Z");
        }
    }

    /** Never quotes the line: a secret may have got there by mistake. */
    private static KeyFileException wrong(String name, int number, String what) {
        return new KeyFileException(name + ", line " + number + ": " + what, null);
    }

    /** Its keys, from top to bottom. */
    List<ApiKey> keys() {
        return lines.stream().map(Line::key).filter(Objects::nonNull).toList();
    }

    /** The same with one more key: below the other of its id, or last. */
    KeyFile with(ApiKey added) {
        List<Line> more = new ArrayList<>(lines);
        int at = more.size();
        for (int i = 0; i < lines.size(); i++) {
            ApiKey key = lines.get(i).key;
            if (key != null && key.id().equals(added.id())) {
                at = i + 1;
            }
        }
        more.add(at, new Line(line(added), added));
        return new KeyFile(more);
    }

    /** The same without some keys. */
    KeyFile without(List<ApiKey> ended) {
        return new KeyFile(lines.stream()
                .filter(line -> line.key == null || !ended.contains(line.key))
                .toList());
    }

    private static String line(ApiKey key) {
        return key.id() + " " + key.scopeText() + " " + key.hash() + " " + key.created()
                + (key.expires() == null ? "" : " expires=" + key.expires())
                + (key.requestsPerSecond() == null ? "" : " rate=" + key.requestsPerSecond());
    }

    /** The text of the file. */
    String text() {
        StringBuilder out = new StringBuilder();
        for (Line line : lines) {
            out.append(line.text).append('\n');
        }
        return out.toString();
    }
}
