// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeysTest {
    private static final Set<Scope> READ = Set.of(Scope.READ);

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

    private static boolean isGood(ApiKeys keys, KeyRing.Made made) {
        return keys.verify(made.credential(), 0) != null;
    }

    @Test
    void only_a_whole_and_exact_credential_is_good() {
        KeyRing.Made made = ring.create("a", READ, null, null);
        KeyRing.Made other = ring.create("b", READ, null, null);
        String credential = made.credential();
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            assertThat(keys.verify("x " + credential, 2)).isNotNull();
            for (int i = 0; i < credential.length(); i++) {
                char changed = credential.charAt(i) == 'x' ? 'y' : 'x';
                String wrong = credential.substring(0, i) + changed + credential.substring(i + 1);
                assertThat(keys.verify(wrong, 0)).as("at %s", i).isNull();
                assertThat(keys.verify(credential.substring(0, i), 0)).isNull();
                assertThat(keys.verify(credential, i + 1)).isNull();
                char wide = (char) (credential.charAt(i) + 0x100);
                assertThat(keys.verify(credential.substring(0, i) + wide + credential.substring(i + 1), 0))
                        .as("another character with the same low byte at %s", i)
                        .isNull();
            }
            for (String wrong : List.of(
                    "",
                    ".",
                    "a.",
                    credential + "x",
                    credential + " ",
                    credential + "=",
                    "A" + credential.substring(1),
                    "b" + credential.substring(1),
                    "a.b" + credential.substring(1),
                    "a" + other.credential().substring(1),
                    "a." + made.key().hash(),
                    "a." + made.key().hash().substring(0, 43),
                    "a".repeat(100_000) + credential.substring(1),
                    "a." + "x".repeat(100_000),
                    "a." + "\0".repeat(43),
                    "a." + "é".repeat(43))) {
                assertThat(keys.verify(wrong, 0)).isNull();
            }
        }
    }

    @Test
    void a_hash_of_zeros_in_the_file_opens_nothing_for_unknown_ids() throws IOException {
        Files.writeString(file, "everycount-keys 1\na admin " + "0".repeat(64) + " 2026-11-24T08:00:00Z\n");
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            assertThat(keys.verify("b." + "x".repeat(43), 0)).isNull();
            assertThat(keys.verify("a." + "x".repeat(43), 0)).isNull();
        }
    }

    @Test
    void a_key_is_good_until_the_moment_of_its_end() {
        KeyRing.Made made = ring.create("a", READ, clock.instant().plusSeconds(10), null);
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            clock.advance(Duration.ofMillis(9_999));
            assertThat(isGood(keys, made)).isTrue();
            clock.advance(Duration.ofMillis(1));
            assertThat(isGood(keys, made)).isFalse();
            assertThat(keys.whyNot(made.credential(), 0))
                    .contains("a expired at 2026-11-24T08:00:10Z")
                    .contains(made.key().fingerprint());
        }
    }

    @Test
    void both_keys_of_an_id_are_good_until_one_is_revoked() {
        KeyRing.Made first = ring.create("a", READ, null, null);
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            KeyRing.Made second = ring.rotate("a", null);
            assertThat(isGood(keys, second)).isFalse();
            keys.lookAgain();
            assertThat(isGood(keys, first)).isTrue();
            assertThat(isGood(keys, second)).isTrue();
            ring.revoke("a", first.key().fingerprint());
            keys.lookAgain();
            assertThat(isGood(keys, first)).isFalse();
            assertThat(isGood(keys, second)).isTrue();
            ring.revoke("a", null);
            keys.lookAgain();
            assertThat(isGood(keys, second)).isFalse();
        }
    }

    @Test
    void a_revoked_key_stops_within_two_seconds_without_being_asked_for() {
        KeyRing.Made made = ring.create("a", READ, null, null);
        try (ApiKeys keys = ApiKeys.open(file, Clock.systemUTC(), 0)) {
            assertThat(isGood(keys, made)).isTrue();
            ring.revoke("a", null);
            long since = System.nanoTime();
            while (isGood(keys, made)) {
                // Ten times the promise: this machine may be busy.
                assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since))
                        .isLessThan(20);
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void a_broken_file_leaves_the_keys_as_they_were_and_is_told_of_once() throws IOException {
        KeyRing.Made made = ring.create("a", READ, null, null);
        String good = Files.readString(file);
        try (LogLines log = new LogLines(ApiKeys.class);
                ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            int errors = 0;
            List<String> broken = new ArrayList<>(List.of("", "everycount-keys 1\na.SECRET\n", "everycount-keys 1"));
            for (int length = 1; length < 20; length++) {
                broken.add(good.substring(0, good.length() - length));
            }
            for (String text : broken) {
                Files.writeString(file, text);
                // Recent, so that it is read at each look.
                Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
                for (int look = 0; look < 3; look++) {
                    keys.lookAgain();
                }
                errors++;
                assertThat(isGood(keys, made)).as(text).isTrue();
                assertThat(log.of(Level.ERROR)).hasSize(errors);
            }
            Files.delete(file);
            keys.lookAgain();
            keys.lookAgain();
            assertThat(isGood(keys, made)).isTrue();
            assertThat(log.of(Level.ERROR)).hasSize(errors + 1);
            assertThat(log.of(Level.ERROR)).noneMatch(line -> line.contains("SECRET"));

            Files.writeString(file, good);
            keys.lookAgain();
            keys.lookAgain();
            assertThat(log.of(Level.INFO)).hasSize(1);
            ring.revoke("a", null);
            keys.lookAgain();
            assertThat(isGood(keys, made)).isFalse();
        }
    }

    @Test
    void two_changes_within_a_step_of_the_file_systems_clock_are_both_seen() throws IOException {
        KeyRing.Made made = ring.create("a", READ, null, null);
        String good = Files.readString(file);
        FileTime modified = FileTime.from(clock.instant());
        Files.setLastModifiedTime(file, modified);
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            Files.writeString(
                    file,
                    good.replace(made.key().hash(), new StringBuilder(made.key().hash()).reverse()));
            Files.setLastModifiedTime(file, modified);
            keys.lookAgain();
            assertThat(isGood(keys, made)).isFalse();
        }
    }

    @Test
    void a_file_that_everybody_may_read_is_warned_of() throws IOException {
        ring.create("a", READ, null, null);
        try (LogLines log = new LogLines(ApiKeys.class)) {
            ApiKeys.open(file, clock, 0).close();
            assertThat(log.of(Level.WARN)).isEmpty();
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            ApiKeys.open(file, clock, 0).close();
            assertThat(log.of(Level.WARN)).singleElement().asString().contains("chmod 600");
        }
    }

    @Test
    void a_rate_is_shared_by_both_keys_of_an_id_and_survives_changes_of_the_file() throws IOException {
        ring.create("a", READ, null, 5);
        ring.create("b", READ, null, null);
        KeyRing.Made second = ring.rotate("a", null);
        // By hand, the second one's rate is another.
        Files.writeString(
                file,
                Files.readString(file)
                        .replace(
                                second.key().hash() + " 2026-11-24T08:00:00Z rate=5",
                                second.key().hash() + " 2026-11-24T08:00:00Z rate=7"));
        KeyRing.Made third = ring.create("c", READ, null, 5);
        KeyRing.Made fourth = ring.rotate("c", null);
        try (ApiKeys keys = ApiKeys.open(file, clock, 3)) {
            TokenBucket of7 = keys.verify(second.credential(), 0).bucket();
            TokenBucket of5 = keys.verify(third.credential(), 0).bucket();
            assertThat(of7.perSecond()).isEqualTo(7);
            assertThat(of5.perSecond()).isEqualTo(5);
            assertThat(keys.verify(fourth.credential(), 0).bucket()).isSameAs(of5);
            KeyRing.Made byDefault = ring.create("d", READ, null, null);
            keys.lookAgain();
            assertThat(keys.verify(byDefault.credential(), 0).bucket().perSecond())
                    .isEqualTo(3);
            assertThat(keys.verify(second.credential(), 0).bucket()).isSameAs(of7);
            assertThat(keys.verify(third.credential(), 0).bucket()).isSameAs(of5);
            assertThat(keys.verify(fourth.credential(), 0).bucket()).isSameAs(of5);
        }
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            assertThat(keys.verify(third.credential(), 0).bucket()).isNotNull();
            assertThat(keys.current(ring.list().get(2)).bucket()).isNull();
        }
        assertThatIllegalArgumentException().isThrownBy(() -> ApiKeys.open(file, clock, -1));
    }

    @Test
    void requests_never_miss_a_key_that_stays_while_others_come_and_go() throws Exception {
        KeyRing.Made stays = ring.create("stays", READ, null, null);
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService executor = Executors.newFixedThreadPool(3);
        try (ApiKeys keys = ApiKeys.open(file, clock, 0)) {
            List<Future<Boolean>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                readers.add(executor.submit(() -> {
                    boolean always = true;
                    while (!done.get()) {
                        always &= isGood(keys, stays);
                    }
                    return always;
                }));
            }
            for (int i = 0; i < 30; i++) {
                KeyRing.Made comes = ring.create("comes", READ, null, null);
                keys.lookAgain();
                assertThat(isGood(keys, comes)).isTrue();
                ring.revoke("comes", null);
                keys.lookAgain();
                assertThat(isGood(keys, comes)).isFalse();
            }
            done.set(true);
            for (Future<Boolean> reader : readers) {
                assertThat(reader.get()).isTrue();
            }
        } finally {
            done.set(true);
            executor.shutdownNow();
        }
    }
}
