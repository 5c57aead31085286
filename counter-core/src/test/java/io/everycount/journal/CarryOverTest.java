// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static io.everycount.journal.JournalBench.ANY;
import static io.everycount.journal.JournalBench.SILENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.journal.JournalRoot.State;
import io.everycount.journal.MemoryFiles.Crashed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Records that are carried over count once, wherever it is interrupted. */
class CarryOverTest {
    private static final UUID STORE = new UUID(1, 2);
    private static final int RECORDS = 6;
    private static final long SEEDS = 40;

    private static JournalRoot root(MemoryFiles memory, Random random) {
        return new JournalRoot(
                Path.of("/journals"), memory, new JournalSettings(512, 1 << 16, task -> {}, random, () -> 0));
    }

    /** A forked journal of six records: key {@code k} and as much as the record's number. */
    private static UUID prepare(JournalRoot root) throws IOException {
        try (Journal journal = root.openOwn(3, SILENT)) {
            journal.bindStore(0, STORE);
            long digest = 0;
            for (int number = 1; number <= RECORDS; number++) {
                byte[][] keys = {"k".getBytes(StandardCharsets.UTF_8)};
                long[] deltas = {number};
                digest = DigestChain.next(digest, journal.salt(), number, Entries.of(keys, deltas));
                journal.append(
                        new JournalRecord(number - 1, number, digest, Entries.of(keys, deltas), 1_000 + number), 2);
            }
            journal.markForked("for a test");
            return journal.instanceId();
        }
    }

    private static UUID carryOver(JournalRoot root, UUID from) throws IOException {
        try (Journal journal = root.open(from, true, SILENT)) {
            return root.carryOver(journal, journal.recovered().records().subList(2, RECORDS));
        }
    }

    /** Whether it came to its end before so many operations. */
    private static boolean carryOverUnlessCrashed(MemoryFiles memory, JournalRoot root, UUID from, int operations)
            throws IOException {
        memory.crashAfter(operations);
        try {
            carryOver(root, from);
            return true;
        } catch (Crashed e) {
            return false;
        }
    }

    private static State state(JournalRoot root, UUID instanceId) throws IOException {
        return root.list().stream()
                .filter(entry -> entry.instanceId().equals(instanceId))
                .findFirst()
                .orElseThrow()
                .state();
    }

    private static void requireAdoptedOnce(JournalRoot root, UUID to) throws IOException {
        try (Journal adopted = root.adopt(Set.of(), ANY, SILENT)) {
            assertThat(adopted).isNotNull();
            assertThat(adopted.instanceId()).isEqualTo(to);
            assertThat(adopted.store(0)).isEqualTo(STORE);
            assertThat(adopted.sinks()).isEqualTo(3);
            List<Long> deltas = new ArrayList<>();
            List<Long> since = new ArrayList<>();
            for (JournalRecord record : adopted.recovered().records()) {
                deltas.add(record.entries().deltaSum());
                since.add(record.sinceMillis());
            }
            assertThat(deltas).containsExactly(3L, 4L, 5L, 6L);
            assertThat(since).containsExactly(1_003L, 1_004L, 1_005L, 1_006L);
            assertThat(adopted.recovered().baseNumber()).isZero();
            assertThat(adopted.recovered().appliedNumber()).isZero();
            assertThat(root.adopt(Set.of(), ANY, SILENT)).isNull();
        }
    }

    @Test
    void the_chosen_records_are_a_new_instances_and_the_old_directory_is_put_away() throws Exception {
        JournalRoot root = root(new MemoryFiles(new Random(1)), new Random(1));
        UUID from = prepare(root);
        assertThat(root.adopt(Set.of(), ANY, SILENT)).isNull();
        UUID to = carryOver(root, from);
        assertThat(state(root, from)).isEqualTo(State.CARRIED);
        assertThat(state(root, to)).isEqualTo(State.FREE);
        requireAdoptedOnce(root, to);
        assertThatThrownBy(() -> carryOver(root, from)).hasMessageContaining("there is no journal");
        assertThat(root.resumeCarryOver(from)).isEqualTo(to);
        assertThat(root.resumeCarryOver(to)).isNull();
        requireAdoptedOnce(root, to);
    }

    @Test
    void a_copy_of_a_directory_that_was_carried_over_is_refused() throws Exception {
        MemoryFiles memory = new MemoryFiles(new Random(1));
        JournalRoot root = root(memory, new Random(1));
        UUID from = prepare(root);
        carryOver(root, from);
        // As from a backup: the directory of that name again.
        Path copy = Path.of("/journals").resolve(from.toString());
        memory.createDirectories(copy);
        try (Journal journal = root.open(from, true, SILENT)) {
            assertThatThrownBy(() -> root.carryOver(journal, List.of()))
                    .isInstanceOf(JournalOpenException.class)
                    .hasMessageContaining("were carried over before");
        }
    }

    @Test
    void killed_then_resumed_then_without_power_the_records_are_the_old_ones_or_the_new_ones() throws Exception {
        int carried = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            boolean ended = false;
            for (int operations = 0; !ended; operations++) {
                for (int more = 0; more < 5 && !ended; more++) {
                    MemoryFiles memory = new MemoryFiles(new Random(seed));
                    JournalRoot root = root(memory, new Random(seed));
                    UUID from = prepare(root);
                    ended = carryOverUnlessCrashed(memory, root, from, operations);
                    memory.kill();
                    if (state(root, from) == State.CARRIED) {
                        carried++;
                        memory.crashAfter(more);
                        try {
                            root.resumeCarryOver(from);
                        } catch (Crashed e) {
                            // As it was to be.
                        }
                        memory.crash();
                        String where = "seed " + seed + ", operations " + operations + " and " + more;
                        List<JournalRoot.Entry> entries = root.list();
                        boolean isOld = state(root, from) == State.FORKED;
                        assertThat(entries.stream().filter(e -> e.state() == State.FREE))
                                .as(where)
                                .hasSizeLessThanOrEqualTo(isOld ? 0 : 1);
                        requireAdoptedOnce(root, isOld ? carryOver(root, from) : root.resumeCarryOver(from));
                    }
                }
            }
        }
        assertThat(carried).isPositive();
    }

    @Test
    void wherever_the_machine_stops_the_records_are_the_old_ones_or_the_new_ones() throws Exception {
        int before = 0;
        int unfinished = 0;
        int done = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            boolean ended = false;
            for (int operations = 0; !ended; operations++) {
                MemoryFiles memory = new MemoryFiles(new Random(seed));
                JournalRoot root = root(memory, new Random(seed));
                UUID from = prepare(root);
                ended = carryOverUnlessCrashed(memory, root, from, operations);
                memory.crash();
                String where = "seed " + seed + ", operation " + operations;
                if (state(root, from) == State.FORKED) {
                    before++;
                    assertThat(root.adopt(Set.of(), ANY, SILENT)).as(where).isNull();
                    requireAdoptedOnce(root, carryOver(root, from));
                } else {
                    assertThat(state(root, from)).as(where).isEqualTo(State.CARRIED);
                    boolean isVisible = root.list().size() > 1;
                    unfinished += isVisible ? 0 : 1;
                    done += isVisible ? 1 : 0;
                    UUID to = root.resumeCarryOver(from);
                    assertThat(to).as(where).isNotNull();
                    requireAdoptedOnce(root, to);
                }
            }
        }
        assertThat(before).isPositive();
        assertThat(unfinished).isPositive();
        assertThat(done).isPositive();
    }
}
