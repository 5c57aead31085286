// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The format of key files, version 1: a first line that says so, then a line for each key; empty lines and
 * lines that begin with # do not matter, but are not kept when a command changes the file.
 *
 * <pre>
 * everycount-keys 1
 * # id  scopes  SHA-256 of the secret  created  [expires=time]  [rate=requests per second]
 * web-1 write 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 2026-11-24T08:00:00Z rate=500
 * </pre>
 */
final class KeyFile {
    private static final String FIRST_LINE = "everycount-keys 1";
    private static final String COLUMNS =
            "# id  scopes  SHA-256 of the secret  created  [expires=time]  [rate=requests per second]";
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,40}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern RATE = Pattern.compile("[1-9][0-9]{0,6}");
    private static final int LIVE_PER_ID = 2;
    private static final long SIZE_MAX = 4L << 20;

    private KeyFile() {}

    static String requireId(String id) {
        if (!ID.matcher(id).matches()) {
            throw new KeyFileException(
                    "the id \"" + shown(id) + "\" is not allowed; 1 to 40 letters, digits, hyphens and underscores are",
                    null);
        }
        return id;
    }

    /** The keys of a file; an absent file is an error. */
    static List<ApiKey> read(Path file) {
        String text;
        try {
            refuseIfOthersMayWrite(file);
            if (Files.size(file) > SIZE_MAX) {
                throw new KeyFileException(file + " is larger than " + SIZE_MAX + " bytes: not a key file", null);
            }
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new KeyFileException(
                    file + " does not exist; the command \"keys create\" makes it with its first key", e);
        } catch (IOException e) {
            throw new KeyFileException("cannot read " + file + ": " + e, e);
        }
        return parse(file.toString(), text);
    }

    private static void refuseIfOthersMayWrite(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new KeyFileException(
                        "everybody on this machine may write to " + file + "; chmod 600 " + file + " ends that", null);
            }
        }
    }

    static List<ApiKey> parse(String name, String text) {
        List<ApiKey> keys = new ArrayList<>();
        boolean begun = false;
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            String stripped = line.strip();
            if (stripped.isEmpty() || stripped.startsWith("#")) {
                continue;
            }
            if (!begun) {
                if (!stripped.equals(FIRST_LINE)) {
                    throw wrong(name, number, "the first line has to be \"" + FIRST_LINE + "\"");
                }
                begun = true;
                continue;
            }
            ApiKey key = key(name, number, stripped.split("\\s+"));
            for (ApiKey other : keys) {
                if (other.id().equals(key.id()) && other.hash().equals(key.hash())) {
                    throw wrong(name, number, "the same key is there twice");
                }
            }
            keys.add(key);
            if (keys.stream().filter(other -> other.id().equals(key.id())).count() > LIVE_PER_ID) {
                throw wrong(name, number, "a third key of the id " + key.id() + "; two are allowed");
            }
        }
        if (!begun) {
            throw new KeyFileException(name + " is empty; its first line has to be \"" + FIRST_LINE + "\"", null);
        }
        return keys;
    }

    private static ApiKey key(String name, int number, String[] fields) {
        if (fields.length < 4) {
            throw wrong(name, number, "there are " + fields.length + " fields; id, scopes, hash and time are needed");
        }
        if (!ID.matcher(fields[0]).matches()) {
            throw wrong(name, number, "the id is not 1 to 40 letters, digits, hyphens and underscores");
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
                    throw wrong(name, number, "the rate is not a whole number from 1 to 9999999");
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

    static String format(List<ApiKey> keys) {
        StringBuilder out =
                new StringBuilder(FIRST_LINE).append('\n').append(COLUMNS).append('\n');
        for (ApiKey key : keys) {
            out.append(key.id()).append(' ').append(key.scopeText()).append(' ').append(key.hash());
            out.append(' ').append(key.created());
            if (key.expires() != null) {
                out.append(" expires=").append(key.expires());
            }
            if (key.requestsPerSecond() != null) {
                out.append(" rate=").append(key.requestsPerSecond());
            }
            out.append('\n');
        }
        return out.toString();
    }

    /** Replaces a file as a whole; whoever reads it has the old one or the new one. */
    static void write(Path file, List<ApiKey> keys) {
        Path directory = file.toAbsolutePath().getParent();
        Path temporary = null;
        try {
            boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
            // Who may read it stays as it was: a server may run as somebody else than who makes keys.
            Set<PosixFilePermission> permissions = posix && Files.exists(file)
                    ? Files.getPosixFilePermissions(file)
                    : PosixFilePermissions.fromString("rw-------");
            temporary = Files.createTempFile(directory, ".keys-", ".tmp");
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(format(keys).getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            if (posix) {
                Files.setPosixFilePermissions(temporary, permissions);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            temporary = null;
        } catch (IOException e) {
            throw new KeyFileException("cannot write " + file + ": " + e, e);
        } finally {
            delete(temporary);
        }
    }

    private static void delete(@Nullable Path temporary) {
        if (temporary != null) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // What could not be written is what matters, and is being told.
            }
        }
    }

    private static String shown(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7e]", "?");
        return printable.length() > 60 ? printable.substring(0, 60) + "…" : printable;
    }
}
