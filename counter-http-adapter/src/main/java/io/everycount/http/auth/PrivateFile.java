// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;

/** Reads and replaces a small text file that not everybody may write to. Throws {@link KeyFileException}. */
final class PrivateFile {
    private static final int BYTES_MAX = 4 << 20;

    private PrivateFile() {}

    /** The text of a file: a regular one, in UTF-8, that not everybody may write to. */
    static String read(Path file) {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new KeyFileException(file + " is not a regular file", null);
            }
            if (others(file, PosixFilePermission.OTHERS_WRITE)) {
                throw new KeyFileException(
                        "everybody on this machine may write to " + file + "; chmod 600 " + file + " ends that", null);
            }
            byte[] bytes;
            try (InputStream in = Files.newInputStream(file)) {
                bytes = in.readNBytes(BYTES_MAX + 1);
            }
            if (bytes.length > BYTES_MAX) {
                throw new KeyFileException(file + " is larger than " + BYTES_MAX + " bytes: not a key file", null);
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (NoSuchFileException e) {
            throw new KeyFileException(
                    file + " does not exist; the command \"keys create\" makes it with its first key", e);
        } catch (CharacterCodingException e) {
            throw new KeyFileException(file + " is not text in UTF-8: not a key file", e);
        } catch (IOException e) {
            throw new KeyFileException("cannot read " + file + ": " + reason(e), e);
        }
    }

    /** Whether everybody on this machine may read a file; false where that cannot be known. */
    static boolean isReadableByOthers(Path file) {
        try {
            return others(file, PosixFilePermission.OTHERS_READ);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean others(Path file, PosixFilePermission permission) throws IOException {
        return isPosix(file) && Files.getPosixFilePermissions(file).contains(permission);
    }

    private static boolean isPosix(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** The file itself, where a link to it is given; a file that is to be made is where it is given. */
    static Path real(Path file) throws IOException {
        return Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    }

    /**
     * Replaces a file as a whole, durably: whoever reads it has the old one or the new one. Its owner, group
     * and permissions stay, since a server may run as somebody else than who makes keys; a new file is its
     * maker's alone.
     *
     * @param file not a link
     */
    static void replace(Path file, String text) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Path temporary = Files.createTempFile(directory, ".keys-", ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                if (isPosix(file) && Files.exists(file)) {
                    beAs(file, temporary);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            if (isPosix(file)) {
                try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
                    entries.force(true);
                }
            }
        } finally {
            // Not there any more, unless something failed.
            Files.deleteIfExists(temporary);
        }
    }

    private static void beAs(Path file, Path temporary) throws IOException {
        PosixFileAttributes wanted = Files.readAttributes(file, PosixFileAttributes.class);
        PosixFileAttributeView view = Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
        PosixFileAttributes had = view.readAttributes();
        try {
            if (!had.owner().equals(wanted.owner())) {
                view.setOwner(wanted.owner());
            }
            if (!had.group().equals(wanted.group())) {
                view.setGroup(wanted.group());
            }
        } catch (IOException e) {
            throw new KeyFileException(
                    file + " belongs to " + wanted.owner().getName() + ", group "
                            + wanted.group().getName() + ", which would change; do this as "
                            + wanted.owner().getName(),
                    e);
        }
        view.setPermissions(wanted.permissions());
    }

    /** What the file system said, in words. */
    static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such directory";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
