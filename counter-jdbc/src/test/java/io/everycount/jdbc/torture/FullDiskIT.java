// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.faults.Await;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The journal's disk is really full: a small one of its own, in memory. It takes a root to mount that; without one, this
 * is left out and says so.
 */
class FullDiskIT {
    private static final byte[] CHUNK = new byte[4_096];
    private static final long ROOM_BYTES = 1_400_000;

    @TempDir
    private Path directory;

    private TestDatabase database;
    private int processes;

    @Test
    void nothingAcknowledgedIsLostWhenTheDiskIsFullAndItsProcessIsKilled() throws Exception {
        Path disk = Files.createDirectory(directory.resolve("disk"));
        if (run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()) != 0) {
            System.out.println("[WARNING] no disk could be mounted, so nobody tested what happens when one is full");
            return;
        }
        database = PostgresServer.shared().newDatabase();
        try {
            fillAndKill(disk);
        } finally {
            assertThat(run("umount", disk.toString())).as("umount").isZero();
            database.close();
        }
    }

    private void fillAndKill(Path disk) throws IOException {
        Path ballast = disk.resolve("ballast");
        fill(ballast, ROOM_BYTES);
        Path root = disk.resolve("journals");
        try (Victim first = start(root);
                Victim second = fullAfter(first, root, ballast);
                Victim third = start(root, ballast)) {
            assertThat(second.stopped()).singleElement().asString().contains("No space left on device");
            third.awaitReady();
            third.awaitSinkAcknowledgements(20);
            third.stop();
            third.awaitEnd();
            assertThat(third.isComplete()).as("%s", third).isTrue();
            Map<UUID, ArchivedJournal> journals = new TreeMap<>();
            for (Path journal : Archive.list(root)) {
                if (Files.isDirectory(journal)) {
                    UUID id = UUID.fromString(journal.getFileName().toString());
                    journals.put(id, ArchivedJournal.read(id, Archive.segments(journal)));
                }
            }
            System.out.printf(
                    "full disk: %d acknowledged at JOURNAL and %d rejected before the kill, %d after it%n",
                    first.journalAcknowledgements(), first.rejections(), third.journalAcknowledgements());
            assertThat(Checker.check(database, journals, List.of(first, third))).isEmpty();
        }
    }

    /** Fills the disk up under a process, kills it, and shows that none can start then. */
    private Victim fullAfter(Victim first, Path root, Path ballast) throws IOException {
        Await.until(() -> first + " is told that the disk is full", () -> first.rejections() > 10 || !first.isAlive());
        assertThat(first.journalAcknowledgements()).as("acknowledged before").isPositive();
        first.kill();
        fill(ballast, 0);
        Victim second = start(root);
        second.awaitEnd();
        assertThat(second.status()).as("%s", second).isEqualTo(CountingProcess.NOT_OPENED);
        return second;
    }

    private Victim start(Path root, Path ballast) throws IOException {
        Files.delete(ballast);
        return start(root);
    }

    private Victim start(Path root) {
        Map<String, String> more = Map.of(
                "url", database.jdbcUrl(),
                "user", database.server().user(),
                "password", database.server().password(),
                "seed", Integer.toString(processes),
                "pendingBytes", Integer.toString(4 << 20),
                "journalBytes", Integer.toString(8 << 20),
                "retainBytes", Integer.toString(8 << 20));
        return new Victim("full-" + processes++, root, directory, Victim.Settings.RIGHT, more);
    }

    /** Leaves only so many bytes on the disk. */
    private static void fill(Path ballast, long room) throws IOException {
        FileStore disk = Files.getFileStore(ballast.getParent());
        try {
            while (disk.getUsableSpace() > room) {
                Files.write(ballast, CHUNK, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        } catch (IOException e) {
            // Full as it can be.
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
