// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static io.everycount.journal.JournalBench.ANY;
import static io.everycount.journal.JournalBench.SILENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.everycount.journal.JournalRoot.State;
import io.everycount.journal.MemoryFiles.Operation;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Journals, step by step. */
class JournalTest {
    private static final int SEGMENT_BYTES = 640;

    private final JournalBench bench = new JournalBench(1, SEGMENT_BYTES);

    private void fail(Operation operation) {
        bench.files.faults((op, path) -> op == operation);
    }

    private void heal() {
        bench.files.faults((op, path) -> false);
    }

    @Test
    void a_record_must_follow_the_last_one() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 2);
            JournalRecord skipped = JournalModel.record(3, 4, 0, journal.salt(), Map.of("a", 1L));
            JournalRecord repeated = JournalModel.record(1, 2, 0, journal.salt(), Map.of("a", 1L));
            JournalRecord summed = JournalModel.record(2, 4, 0, journal.salt(), Map.of("a", 1L));
            for (JournalRecord wrong : List.of(skipped, repeated, summed)) {
                assertThatThrownBy(() -> journal.append(wrong, 0)).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void after_a_failure_only_the_same_record_is_taken() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            JournalRecord record = bench.model.next(bench.random, journal.salt(), 4);
            fail(Operation.FORCE);
            assertThatThrownBy(() -> journal.append(record, 0)).isInstanceOf(IOException.class);
            assertThat(journal.stats().failing()).isTrue();
            assertThat(journal.stats().lastError()).contains("FORCE");
            assertThatThrownBy(() -> journal.noteApplied(1)).isInstanceOf(IOException.class);
            heal();
            JournalRecord another = JournalModel.record(1, 2, 7, journal.salt(), Map.of("a", 1L));
            assertThatThrownBy(() -> journal.append(another, 0)).isInstanceOf(IllegalArgumentException.class);
            journal.append(record, 0);
            assertThat(journal.stats().failing()).isFalse();
        }
    }

    @Test
    void a_segment_that_failed_is_not_written_to_again() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            Path first = bench.lastSegment(journal.directory());
            boolean[] struck = {false};
            bench.files.faults((op, path) -> {
                boolean strikes = op == Operation.FORCE && !struck[0];
                struck[0] |= strikes;
                return strikes;
            });
            bench.append(journal, 1);
            byte[] left = bench.files.bytes(first);
            bench.append(journal, 3);
            assertThat(bench.files.bytes(first)).isEqualTo(left);
            assertThat(bench.segments(journal.directory())).hasSize(2);
            assertThat(journal.stats().poisonedSegments()).isEqualTo(1);
        }
    }

    @Test
    void attempts_that_fail_leave_no_files_behind() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            JournalRecord record = bench.model.next(bench.random, journal.salt(), 4);
            bench.files.bytesMax(0);
            for (int i = 0; i < 50; i++) {
                assertThatThrownBy(() -> journal.append(record, 0)).hasMessageContaining("No space");
            }
            assertThat(bench.segments(journal.directory())).hasSize(1);
            bench.files.bytesMax(Long.MAX_VALUE);
            journal.append(record, 0);
            assertThat(journal.stats().segments()).isEqualTo(2);
        }
    }

    @Test
    void one_force_makes_a_record_durable_and_one_more_a_new_segment() throws IOException {
        try (Journal journal = bench.open()) {
            long before = bench.files.forces();
            bench.append(journal, 1);
            assertThat(bench.files.forces() - before).as("file and directory").isEqualTo(2);
            before = bench.files.forces();
            bench.append(journal, 2);
            assertThat(bench.files.forces() - before).isEqualTo(2);
            assertThat(journal.stats().appends()).isEqualTo(3);
            assertThat(journal.stats().forces()).isEqualTo(3);
        }
    }

    @Test
    void the_next_segment_is_prepared_and_has_its_whole_length() throws IOException {
        try (Journal journal = bench.open()) {
            bench.housekeeping();
            Path spare = journal.directory().resolve(Housekeeper.SPARE);
            assertThat(bench.files.bytes(spare)).isEqualTo(new byte[SEGMENT_BYTES]);
            assertThat(journal.stats().spareReady()).isTrue();
            bench.append(journal, 1);
            assertThat(bench.files.list(journal.directory())).doesNotContain(Housekeeper.SPARE);
            assertThat(bench.files.bytes(bench.lastSegment(journal.directory())))
                    .hasSize(SEGMENT_BYTES);
        }
    }

    @Test
    void a_disk_that_is_full_is_noticed_while_the_next_segment_is_prepared() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            bench.files.bytesMax(300);
            bench.housekeeping();
            assertThat(journal.stats().spareReady()).isFalse();
            assertThat(journal.stats().lastError()).contains("No space");
            assertThat(journal.stats().failing()).isFalse();
            assertThat(bench.files.list(journal.directory())).doesNotContain(Housekeeper.SPARE);
        }
    }

    @Test
    void there_is_room_until_the_next_segment_would_exceed_the_limit() throws IOException {
        try (Journal journal = bench.open()) {
            while (journal.hasRoom()) {
                bench.append(journal, 1);
            }
            long bytes = journal.stats().bytes();
            assertThat(bytes).isBetween(bench.settings.bytesMax() - 2L * SEGMENT_BYTES, bench.settings.bytesMax());
            bench.append(journal, 1);
            journal.forget(bench.model.last() / 2);
            bench.housekeeping();
            assertThat(journal.hasRoom()).isTrue();
        }
    }

    @Test
    void a_record_longer_than_the_limit_does_not_fill_the_journal_for_ever() throws IOException {
        try (Journal journal = bench.open()) {
            String key = "k".repeat((int) bench.settings.bytesMax());
            JournalRecord longer = JournalModel.record(0, 1, 0, journal.salt(), Map.of(key, 1L));
            journal.append(longer, 0);
            bench.model.appended(longer);
            assertThat(journal.hasRoom()).isFalse();
            journal.forget(bench.model.last());
            bench.housekeeping();
            assertThat(journal.hasRoom()).isTrue();
            bench.append(journal, 1);
            bench.housekeeping();
            assertThat(journal.stats().bytes()).isLessThan(bench.settings.bytesMax());
            assertThat(journal.hasRoom()).isTrue();
        }
    }

    @Test
    void no_thread_for_housekeeping_does_not_concern_who_appends() throws IOException {
        JournalSettings settings = new JournalSettings(
                SEGMENT_BYTES,
                1 << 20,
                task -> {
                    throw new OutOfMemoryError("unable to create native thread");
                },
                bench.random,
                () -> 0);
        JournalRoot root = new JournalRoot(JournalBench.ROOT, bench.files, settings);
        UUID id;
        try (Journal journal = root.openOwn(1, JournalBench.SILENT)) {
            id = journal.instanceId();
            bench.append(journal, 30);
            assertThat(journal.stats().segments()).isGreaterThan(1);
            assertThat(journal.stats().lastError()).contains("housekeeping");
        }
        assertThat(bench.read(id).lastNumber()).isEqualTo(30);
    }

    @Test
    void the_last_record_once_more_is_not_written_twice() throws IOException {
        UUID id;
        try (Journal journal = bench.open()) {
            id = journal.instanceId();
            JournalRecord record = JournalModel.record(0, 1, 0, journal.salt(), Map.of("key", 1L));
            journal.append(record, 0);
            journal.append(record, 0);
        }
        assertThat(JournalBench.numbers(bench.read(id))).containsExactly(1L);
    }

    @Test
    void one_that_is_closed_is_not_marked_any_more() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 1);
        journal.close();
        journal.markForked("too late");
        assertThat(bench.files.list(journal.directory())).doesNotContain(Journal.FORKED);
        try (Journal again = bench.open()) {
            assertThat(again.instanceId()).isEqualTo(journal.instanceId());
        }
    }

    @Test
    void what_is_retired_comes_back_whole_or_not_at_all() throws IOException {
        int whole = 0;
        int gone = 0;
        for (long seed = 0; seed < 20; seed++) {
            boolean ended = false;
            for (int killed = 0; !ended; killed++) {
                for (int cut = 0; cut < 25 && !ended; cut++) {
                    MemoryFiles files = new MemoryFiles(new Random(seed));
                    JournalSettings settings =
                            new JournalSettings(512, 1 << 16, Runnable::run, new Random(seed), () -> 0);
                    JournalRoot root = new JournalRoot(JournalBench.ROOT, files, settings);
                    bench.model = new JournalModel();
                    Journal journal = root.openOwn(1, JournalBench.SILENT);
                    bench.append(journal, 12);
                    files.crashAfter(killed);
                    try {
                        journal.retire();
                        journal.close();
                        ended = true;
                    } catch (MemoryFiles.Crashed e) {
                        // As it was to be.
                    }
                    files.kill();
                    files.crashAfter(cut);
                    try {
                        root.openOwn(1, JournalBench.SILENT).close();
                    } catch (MemoryFiles.Crashed e) {
                        // As it was to be.
                    }
                    files.crash();
                    try (Journal next = root.openOwn(1, JournalBench.SILENT)) {
                        boolean same = next.instanceId().equals(journal.instanceId());
                        assertThat(next.recovered().lastNumber())
                                .as("seed %d, killed after %d, cut after %d", seed, killed, cut)
                                .isEqualTo(same ? 12 : 0);
                        whole += same ? 1 : 0;
                        gone += same ? 0 : 1;
                    }
                }
            }
        }
        assertThat(whole).isPositive();
        assertThat(gone).isPositive();
    }

    @Test
    void forgetting_everything_keeps_the_numbers() throws IOException {
        UUID id;
        try (Journal journal = bench.open()) {
            id = journal.instanceId();
            bench.append(journal, 30);
            journal.forget(Long.MAX_VALUE);
            bench.housekeeping();
            assertThat(bench.segments(journal.directory())).hasSize(1);
        }
        for (int i = 0; i < 3; i++) {
            try (Journal journal = bench.open()) {
                journal.forget(Long.MAX_VALUE);
                bench.housekeeping();
                assertThat(bench.segments(journal.directory())).hasSize(1);
            }
        }
        Recovered found = bench.read(id);
        assertThat(found.lastNumber()).isEqualTo(30);
        assertThat(found.lastDigest()).isEqualTo(bench.model.digest(30));
    }

    @Test
    void nothing_above_the_number_is_forgotten() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 30);
            journal.forget(13);
            bench.housekeeping();
            assertThat(bench.segments(journal.directory()).size()).isGreaterThan(1);
        }
        Recovered found = bench.read(bench.root.list().get(0).instanceId());
        assertThat(found.baseNumber()).isBetween(1L, 13L);
        assertThat(JournalBench.numbers(found)).isEqualTo(JournalBench.range(found.baseNumber() + 1, 30));
    }

    @Test
    void a_checkpoint_makes_segments_superfluous() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 30);
            int before = journal.stats().segments();
            bench.checkpoint(journal, 4, 12, 30);
            bench.append(journal, 1);
            bench.housekeeping();
            assertThat(journal.stats().segments()).isLessThan(before);
        }
        UUID id = bench.root.list().get(0).instanceId();
        assertThat(JournalBench.numbers(bench.read(id))).containsExactly(1L, 2L, 3L, 4L, 12L, 30L, 31L);
    }

    @Test
    void what_a_checkpoint_replaced_keeps_no_segment_alive() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 30);
            bench.checkpoint(journal, 2, 30);
            journal.forget(2);
            bench.housekeeping();
            assertThat(journal.stats().segments()).isEqualTo(1);
        }
        Recovered found = bench.read(bench.root.list().get(0).instanceId());
        assertThat(found.baseNumber()).isEqualTo(2);
        assertThat(JournalBench.numbers(found)).containsExactly(30L);
    }

    @Test
    void a_large_record_gets_a_segment_of_its_length() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            JournalRecord large = bench.model.next(bench.random, journal.salt(), 5_000);
            journal.append(large, 0);
            bench.model.appended(large);
            bench.append(journal, 1);
        }
        Recovered found = bench.read(bench.root.list().get(0).instanceId());
        bench.model.check(found, true);
    }

    @Test
    void what_is_read_from_memory_after_a_failed_force_is_written_again() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 1);
        JournalRecord record = bench.model.next(bench.random, journal.salt(), 4);
        bench.files.faults((op, path) -> op == Operation.FORCE || op == Operation.DELETE);
        assertThatThrownBy(() -> journal.append(record, 0)).isInstanceOf(IOException.class);
        heal();
        bench.tasks.clear();
        bench.files.kill();
        long last;
        try (Journal again = bench.open()) {
            last = again.recovered().lastNumber();
        }
        bench.files.crash();
        assertThat(bench.read(journal.instanceId()).lastNumber()).isEqualTo(last);
    }

    @Test
    void an_instance_continues_its_own_numbers_under_a_fresh_salt() throws IOException {
        Journal first = bench.open();
        bench.append(first, 3);
        first.close();
        try (Journal second = bench.open()) {
            assertThat(second.instanceId()).isEqualTo(first.instanceId());
            assertThat(second.salt()).isNotEqualTo(first.salt());
            assertThat(second.recovered().lastNumber()).isEqualTo(3);
            bench.append(second, 1);
            second.dropRecovered();
            assertThatThrownBy(second::recovered).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void who_finds_all_journals_open_gets_a_new_instance() throws IOException {
        try (Journal first = bench.open();
                Journal second = bench.open()) {
            assertThat(second.instanceId()).isNotEqualTo(first.instanceId());
            assertThat(second.instanceId().version()).isEqualTo(4);
            assertThat(second.instanceId().variant()).isEqualTo(2);
            assertThat(bench.root.list()).extracting(JournalRoot.Entry::state).containsOnly(State.LOCKED);
        }
    }

    @Test
    void a_journal_that_is_open_says_who_has_it() throws IOException {
        try (Journal journal = bench.open()) {
            assertThatThrownBy(() -> bench.root.open(journal.instanceId(), true, SILENT))
                    .isInstanceOf(JournalLockedException.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid() + " on ");
        }
    }

    @Test
    void orphans_with_records_are_adopted_one_after_the_other() throws IOException {
        Journal first = bench.open();
        bench.append(first, 2);
        Journal second = bench.open();
        Journal empty = bench.open();
        bench.model = new JournalModel();
        bench.append(second, 3);
        first.close();
        second.close();
        empty.close();
        try (Journal adopted = bench.root.adopt(Set.of(first.instanceId()), ANY, SILENT)) {
            assertThat(adopted).isNotNull();
            assertThat(adopted.instanceId()).isEqualTo(second.instanceId());
            assertThat(adopted.recovered().lastNumber()).isEqualTo(3);
            assertThat(bench.root.adopt(Set.of(first.instanceId()), ANY, SILENT))
                    .isNull();
            try (Journal other = bench.root.adopt(Set.of(), ANY, SILENT)) {
                assertThat(other).isNotNull();
                assertThat(other.instanceId()).isEqualTo(first.instanceId());
            }
            adopted.retire();
        }
        bench.housekeeping();
        assertThat(bench.root.list())
                .extracting(JournalRoot.Entry::instanceId)
                .containsExactlyInAnyOrder(first.instanceId(), empty.instanceId());
    }

    @Test
    void a_retired_journal_is_out_of_the_way_at_once_and_deleted_by_whoever_comes_next() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 2);
        journal.retire();
        journal.close();
        bench.tasks.clear();
        bench.files.crash();
        assertThat(bench.root.list()).extracting(JournalRoot.Entry::state).containsExactly(State.RETIRED);
        try (Journal next = bench.open()) {
            assertThat(next.instanceId()).isNotEqualTo(journal.instanceId());
            bench.housekeeping();
            assertThat(bench.root.list()).extracting(JournalRoot.Entry::state).containsExactly(State.LOCKED);
        }
    }

    @Test
    void a_forked_journal_is_left_to_people() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 2);
        journal.markForked("the ledger is ahead");
        journal.close();
        bench.files.crash();
        try (Journal other = bench.open()) {
            assertThat(other.instanceId()).isNotEqualTo(journal.instanceId());
            assertThat(bench.root.adopt(Set.of(), ANY, SILENT)).isNull();
            assertThat(bench.root.list())
                    .filteredOn(entry -> entry.state() == State.FORKED)
                    .extracting(JournalRoot.Entry::instanceId, JournalRoot.Entry::holderOrReason)
                    .containsExactly(tuple(journal.instanceId(), "the ledger is ahead"));
            assertThat(bench.read(journal.instanceId()).lastNumber()).isEqualTo(2);
        }
    }

    @Test
    void whoever_cannot_look_into_a_directory_that_it_locked_lets_go_of_it() throws IOException {
        UUID id;
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            id = journal.instanceId();
        }
        int[] left = {1};
        JournalFiles failing = (JournalFiles) Proxy.newProxyInstance(
                JournalFiles.class.getClassLoader(),
                new Class<?>[] {JournalFiles.class},
                (proxy, method, arguments) -> {
                    boolean looks = method.getName().equals("list")
                            && arguments[0].toString().endsWith(id.toString());
                    if (looks && left[0]-- == 0) {
                        throw new IOException("planted");
                    }
                    return method.invoke(bench.files, arguments);
                });
        JournalSettings settings = new JournalSettings(1 << 14, 1 << 20, task -> {}, new Random(99), () -> 0);
        JournalRoot root = new JournalRoot(JournalBench.ROOT, failing, settings);
        try (Journal other = root.openOwn(2, SILENT)) {
            assertThat(other.instanceId()).isNotEqualTo(id);
            try (Journal adopted = root.adopt(Set.of(), ANY, SILENT)) {
                assertThat(adopted).isNotNull().extracting(Journal::instanceId).isEqualTo(id);
            }
        }
    }

    @Test
    void recovery_tells_how_far_it_is() throws IOException {
        try (Journal journal = bench.open()) {
            bench.append(journal, 30);
        }
        long[] last = new long[3];
        UUID id = bench.root.list().get(0).instanceId();
        bench.root
                .open(id, true, (instanceId, bytesDone, bytesTotal, records) -> {
                    assertThat(instanceId).isEqualTo(id);
                    last[0] = bytesDone;
                    last[1] = bytesTotal;
                    last[2] = records;
                })
                .close();
        assertThat(last[0]).isEqualTo(last[1]).isPositive();
        assertThat(last[2]).isEqualTo(30);
    }

    @Test
    void what_is_closed_or_read_only_takes_nothing() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 1);
        journal.close();
        journal.close();
        JournalRecord next = bench.model.next(new Random(1), journal.salt(), 2);
        assertThatThrownBy(() -> journal.append(next, 0)).isInstanceOf(IllegalStateException.class);
        try (Journal read = bench.root.open(journal.instanceId(), true, SILENT)) {
            assertThat(read.salt()).isZero();
            assertThatThrownBy(() -> read.append(next, 0)).isInstanceOf(IllegalStateException.class);
        }
    }
}
