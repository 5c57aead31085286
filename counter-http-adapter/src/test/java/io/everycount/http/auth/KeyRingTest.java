// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyRingTest {
    private static final Set<Scope> WRITE = Set.of(Scope.WRITE);

    @TempDir
    Path directory;

    private final SettableClock clock = new SettableClock();
    private Path file;
    private KeyRing ring;

    @BeforeEach
    void open() {
        file = directory.resolve("keys");
        ring = new KeyRing(file, clock);
    }

    @Test
    void a_key_is_made_with_a_secret_that_is_in_no_file_and_no_text() throws IOException {
        Instant end = clock.instant().plus(Duration.ofDays(90));
        KeyRing.Made made = ring.create("web-1", Set.of(Scope.READ, Scope.WRITE), end, 500);
        assertThat(made.credential()).matches("web-1\\.[A-Za-z0-9_-]{43}");
        String secret = made.credential().substring("web-1.".length());
        assertThat(made.toString()).contains("web-1").doesNotContain(secret);
        assertThat(ring.list()).containsExactly(made.key());
        assertThat(made.key().scopeText()).isEqualTo("write,read");
        assertThat(made.key().expires()).isEqualTo(end);
        assertThat(made.key().requestsPerSecond()).isEqualTo(500);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path each : files.toList()) {
                assertThat(Files.readString(each)).doesNotContain(secret);
            }
        }
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            assertThat(keys.verify(made.credential(), 0)).isNotNull();
        }
    }

    @Test
    void a_second_key_joins_the_first_and_a_third_is_refused() {
        KeyRing.Made first = ring.create("a", WRITE, null, 5);
        ring.create("b", WRITE, null, null);
        clock.advance(Duration.ofDays(1));
        KeyRing.Made second = ring.rotate("a", null);
        assertThat(second.key().scopes()).isEqualTo(WRITE);
        assertThat(second.key().requestsPerSecond()).isEqualTo(5);
        assertThat(ring.list()).extracting(ApiKey::id).containsExactly("a", "a", "b");
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(() -> ring.rotate("a", null))
                .withMessageContaining(first.key().fingerprint())
                .withMessageContaining(second.key().fingerprint())
                .withMessageContaining("revoke one");
        assertThat(ring.revoke("a", first.key().fingerprint())).containsExactly(first.key());
        assertThat(ring.list()).extracting(ApiKey::id).containsExactly("a", "b");
        assertThat(ring.rotate("a", null).key().id()).isEqualTo("a");
    }

    @Test
    void a_key_with_an_end_is_not_without_one_after_it_was_rotated() {
        KeyRing.Made first = ring.create("a", WRITE, clock.instant().plus(Duration.ofDays(90)), null);
        clock.advance(Duration.ofDays(80));
        assertThat(ring.rotate("a", null).key().expires())
                .isEqualTo(clock.instant().plus(Duration.ofDays(90)));
        ring.revoke("a", first.key().fingerprint());
        Instant soon = clock.instant().plus(Duration.ofDays(1));
        assertThat(ring.rotate("a", soon).key().expires()).isEqualTo(soon);
    }

    @Test
    void what_is_not_there_cannot_be_rotated_or_revoked() {
        ring.create("a", WRITE, null, null);
        List<ApiKey> before = ring.list();
        for (Runnable wrong : List.<Runnable>of(
                () -> ring.rotate("b", null),
                () -> ring.revoke("b", null),
                () -> ring.revoke("a", "00000000"),
                () -> ring.create("a", WRITE, null, null),
                () -> ring.create("b", Set.of(), null, null),
                () -> ring.create("b c", WRITE, null, null),
                () -> ring.create("b", WRITE, null, 0),
                () -> ring.create("b", WRITE, null, 10_000_000))) {
            assertThatExceptionOfType(KeyFileException.class).isThrownBy(wrong::run);
        }
        assertThat(ring.list()).isEqualTo(before);
    }

    @Test
    void a_whole_credential_given_as_an_id_is_not_repeated() {
        KeyRing.Made made = ring.create("a", WRITE, null, null);
        for (Runnable wrong : List.<Runnable>of(
                () -> ring.rotate(made.credential(), null),
                () -> ring.revoke(made.credential(), null),
                () -> ring.revoke(made.credential(), "00000000"),
                () -> ring.create(made.credential().substring(2), WRITE, null, null))) {
            assertThatExceptionOfType(KeyFileException.class)
                    .isThrownBy(wrong::run)
                    .withMessageNotContaining(made.credential().substring(4, 12));
        }
    }

    @Test
    void all_keys_of_an_id_end_at_once_and_the_file_stays_good() {
        ring.create("a", WRITE, null, null);
        ring.rotate("a", null);
        assertThat(ring.revoke("a", null)).hasSize(2);
        assertThat(ring.list()).isEmpty();
        ring.create("a", WRITE, null, null);
    }

    @Test
    void a_file_is_its_makers_alone_and_stays_whose_it_was() throws IOException {
        ring.create("a", WRITE, null, null);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        UserPrincipal owner = Files.getOwner(file);
        if (owner.getName().equals("root")) {
            // Only root can give files away; and it is root who would take a server's file from it.
            owner = file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
            Files.setOwner(file, owner);
        }
        ring.rotate("a", null);
        assertThat(Files.getOwner(file)).isEqualTo(owner);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void a_link_stays_a_link() throws IOException {
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere")).resolve("real");
        new KeyRing(elsewhere, clock).create("a", WRITE, null, null);
        Files.createSymbolicLink(file, elsewhere);
        ring.rotate("a", null);
        assertThat(Files.isSymbolicLink(file)).isTrue();
        assertThat(new KeyRing(elsewhere, clock).list()).hasSize(2);
    }

    @Test
    void a_comment_survives_changes() throws IOException {
        ring.create("a", WRITE, null, null);
        Files.writeString(file, Files.readString(file) + "# ticket 17\n");
        ring.create("b", WRITE, null, null);
        ring.revoke("a", null);
        assertThat(Files.readString(file)).contains("\n# ticket 17\nb write ");
    }

    @Test
    void changes_at_the_same_time_do_not_undo_each_other() throws Exception {
        int threads = 8;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        Set<String> made = new HashSet<>();
        try {
            List<Future<String>> results = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String id = "k" + i;
                results.add(executor.submit(() -> new KeyRing(file, clock)
                        .create(id, WRITE, null, null)
                        .key()
                        .hash()));
            }
            for (Future<String> result : results) {
                made.add(result.get());
            }
        } finally {
            executor.shutdownNow();
        }
        assertThat(made).hasSize(40);
        assertThat(ring.list()).extracting(ApiKey::hash).containsExactlyInAnyOrderElementsOf(made);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(each -> each.getFileName().toString())).containsExactlyInAnyOrder("keys", "keys.lock");
        }
    }

    @Test
    void changes_by_two_processes_do_not_undo_each_other() throws Exception {
        List<Process> processes = new ArrayList<>();
        try {
            for (String prefix : List.of("a", "b")) {
                processes.add(new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Xmx64m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                KeyMaker.class.getName(),
                                file.toString(),
                                prefix)
                        .inheritIO()
                        .start());
            }
            for (Process process : processes) {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue()).isZero();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        assertThat(ring.list()).hasSize(2 * KeyMaker.KEYS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-rw-rw-", "rw-----w-"})
    void a_file_that_everybody_may_write_to_is_refused(String permissions) throws IOException {
        ring.create("a", WRITE, null, null);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        for (Runnable use :
                List.<Runnable>of(ring::list, () -> ring.rotate("a", null), () -> ApiKeys.open(file, clock, 0))) {
            assertThatExceptionOfType(KeyFileException.class)
                    .isThrownBy(use::run)
                    .withMessageContaining("chmod 600");
        }
    }

    @Test
    void a_file_that_cannot_be_one_is_refused_in_words() throws IOException {
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(ring::list)
                .withMessageContaining("does not exist")
                .withMessageContaining("keys create");
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(() -> new KeyRing(directory.resolve("none/keys"), clock).create("a", WRITE, null, null))
                .withMessageEndingWith("there is no such directory");
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(new KeyRing(directory, clock)::list)
                .withMessageContaining("not a regular file");
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(new KeyRing(Path.of("/dev/zero"), clock)::list)
                .withMessageContaining("not a regular file");
        Files.write(file, new byte[] {'e', (byte) 0xff, '\n'});
        assertThatExceptionOfType(KeyFileException.class)
                .isThrownBy(ring::list)
                .withMessageContaining("not text in UTF-8");
        Files.write(file, new byte[(4 << 20) + 1]);
        assertThatExceptionOfType(KeyFileException.class).isThrownBy(ring::list).withMessageContaining("larger than");
    }
}
