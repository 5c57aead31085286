// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalLockedException;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.journal.RecoveryProgress;
import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Step by step: what becomes of increments while the journal's disk fails. */
class BrokenJournalTest {
    private static final RecoveryProgress SILENT = (instanceId, done, total, records) -> {};

    private final MemoryFiles files = new MemoryFiles(new Random(1));
    private final Random random = new Random(2);
    private final ModelStore store = new ModelStore("store");
    private Bench bench;

    private JournalRoot root() {
        return new JournalRoot(
                Path.of("/journals"), files, new JournalSettings(1 << 14, 1 << 20, task -> {}, random, () -> 0));
    }

    private Journal open() throws IOException {
        return root().openOwn(1, SILENT);
    }

    @BeforeEach
    void start() throws IOException {
        Bench.Plan plan = new Bench.Plan(store);
        plan.journal = open();
        bench = plan.build();
        bench.steps();
    }

    private DrainStage addAndCommit(String key) {
        bench.add(key, 1);
        DrainStage stage = bench.pipeline.nextStage();
        bench.drainer.requestCommit();
        bench.drainer.step();
        return stage;
    }

    private void breakDisk() {
        files.faults((operation, path) -> true);
    }

    @Test
    void nothing_is_acknowledged_or_sent_until_the_very_same_record_is_on_disk() throws IOException {
        breakDisk();
        DrainStage stage = addAndCommit("a");
        assertThat(stage.journaled().announced()).isNotDone();
        assertThat(bench.told.has("journal failed 1")).isTrue();
        assertThat(bench.pipeline.journalProblem()).contains("cannot be written");
        assertThat(bench.log.last().record()).isZero();
        bench.add("a", 5);
        bench.advance(20, TimeUnit.SECONDS);
        bench.drainer.step();
        assertThat(stage.journaled().announced()).isNotDone();
        files.faults((operation, path) -> false);
        bench.advance(20, TimeUnit.SECONDS);
        bench.drainer.step();
        assertThat(stage.journaled().announced()).isCompleted();
        assertThat(bench.told.has("journal works")).isTrue();
        assertThat(bench.pipeline.journalProblem()).isNull();
        assertThat(bench.log.last().deltaSum())
                .as("what came later is in a later record")
                .isEqualTo(1);
        addAndCommit("a");
        assertThat(bench.log.last().deltaSum()).isEqualTo(7);
        files.kill();
        assertThat(open().recovered().lastNumber()).isEqualTo(bench.log.last().record());
    }

    @Test
    void closing_writes_to_the_store_what_cannot_be_journaled() {
        breakDisk();
        DrainStage stage = addAndCommit("a");
        bench.drainer.close();
        bench.drainer.step();
        assertThat(bench.drainer.step()).isEqualTo(0);
        assertThat(bench.drainer.step()).isEqualTo(Worker.DONE);
        assertThat(stage.journaled().announced()).isNotDone();
        bench.writer().finish();
        bench.steps();
        assertThat(store.total("a")).isEqualTo(1);
        assertThat(stage.journaled().announced()).as("the store is as good").isCompleted();
        assertThat(bench.drainer.isUnjournaled()).isTrue();
    }

    @Test
    void what_the_store_has_of_a_journal_that_could_not_be_written_is_no_fork_for_who_comes_next() throws Exception {
        addAndCommit("a");
        breakDisk();
        addAndCommit("b");
        bench.drainer.close();
        while (!bench.drainer.isClosed()) {
            bench.drainer.step();
        }
        bench.writer().finish();
        bench.steps();
        files.faults((operation, path) -> false);
        bench.pipeline.close(0);
        assertThat(bench.pipeline.remains().complete()).isTrue();
        assertThat(bench.pipeline.remains().journaled()).isFalse();
        files.kill();
        start();
        addAndCommit("c");
        bench.settle();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.RUNNING);
        assertThat(store.totals()).isEqualTo(Map.of("a", 1L, "b", 1L, "c", 1L));
    }

    @Test
    void who_closed_with_a_part_in_one_store_only_leaves_a_journal_that_nobody_begins_to_count_with() throws Exception {
        ModelStore other = new ModelStore("other");
        other.faults((op, argument) -> Fault.BEFORE);
        Bench.Plan plan = new Bench.Plan(store);
        plan.required.add(other);
        files.kill();
        plan.journal = open();
        bench = plan.build();
        bench.steps();
        breakDisk();
        addAndCommit("a");
        bench.drainer.close();
        while (!bench.drainer.isClosed()) {
            bench.drainer.step();
        }
        bench.writer().finish();
        bench.steps();
        files.faults((operation, path) -> false);
        bench.pipeline.close(0);
        assertThat(store.total("a")).isEqualTo(1);
        assertThat(bench.pipeline.remains().complete()).isFalse();
        files.kill();
        assertThat(root().list())
                .filteredOn(entry -> entry.state() == JournalRoot.State.FORKED)
                .hasSize(1)
                .allMatch(entry -> entry.holderOrReason().contains("closed while its disk failed"));
        try (Journal next = open()) {
            assertThat(next.recovered().records()).isEmpty();
        }
    }

    @Test
    void who_waits_for_a_journal_that_does_not_come_is_told_when_all_is_over() throws InterruptedException {
        breakDisk();
        store.faults((op, argument) -> Fault.BEFORE);
        DrainStage stage = addAndCommit("a");
        bench.drainer.close();
        bench.drainer.step();
        bench.drainer.step();
        bench.drainer.step();
        DrainStage last = bench.pipeline.nextStage();
        bench.pipeline.close(0);
        assertThat(stage.journaled().announced()).isCompletedExceptionally();
        assertThat(last.journaled().announced()).isCompletedExceptionally();
        Pipeline.Remains remains = bench.pipeline.remains();
        assertThat(remains.journaled()).isFalse();
        assertThat(remains.unknown())
                .as("the disk may have it although it said no")
                .isEqualTo(Map.of("a", 1L));
        assertThat(remains.unsaved()).isEmpty();
    }

    @Test
    void what_came_after_the_record_that_the_disk_may_have_is_certainly_not_saved() throws InterruptedException {
        store.faults((op, argument) -> Fault.BEFORE);
        addAndCommit("journaled");
        breakDisk();
        addAndCommit("attempted");
        bench.add("later", 1);
        bench.drainer.close();
        while (!bench.drainer.isClosed()) {
            bench.drainer.step();
        }
        bench.pipeline.close(0);
        Pipeline.Remains remains = bench.pipeline.remains();
        assertThat(remains.unknown()).isEqualTo(Map.of("journaled", 1L, "attempted", 1L));
        assertThat(remains.unsaved()).isEqualTo(Map.of("later", 1L));
    }

    @Test
    void who_closed_with_a_write_under_way_of_what_is_not_journaled_leaves_a_journal_to_people() throws Exception {
        breakDisk();
        addAndCommit("a");
        bench.drainer.close();
        while (!bench.drainer.isClosed()) {
            bench.drainer.step();
        }
        bench.writer().finish();
        store.script(ModelStore.Op.WRITE, Fault.AFTER);
        bench.writer().step();
        assertThat(bench.pipeline.snapshot().appliedRecord())
                .as("its reply was lost")
                .isZero();
        files.faults((operation, path) -> false);
        bench.pipeline.close(0);
        assertThat(bench.pipeline.remains().unknown()).isEqualTo(Map.of("a", 1L));
        assertThat(root().list()).extracting(JournalRoot.Entry::state).containsExactly(JournalRoot.State.FORKED);
    }

    @Test
    void a_disk_that_begins_to_hang_after_the_last_record_holds_nobody_who_is_interrupted() throws Exception {
        bench.add("a", 3);
        bench.pipeline.start();
        DrainStage stage = bench.pipeline.nextStage();
        bench.pipeline.requestDrain();
        stage.confirmed().await(TimeUnit.SECONDS.toNanos(60));
        CountDownLatch hanging = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        files.faults((operation, path) -> {
            hanging.countDown();
            Await.on(goesOn);
            return false;
        });
        Thread closing = new Thread(() -> {
            try {
                bench.pipeline.close(TimeUnit.HOURS.toNanos(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        closing.start();
        Await.on(hanging);
        closing.interrupt();
        closing.join(TimeUnit.SECONDS.toMillis(60));
        assertThat(closing.isAlive()).isFalse();
        assertThat(bench.pipeline.remains().complete()).isTrue();
        goesOn.countDown();
        Await.until(this::isUnlocked);
    }

    @Test
    void who_is_interrupted_while_the_disk_hangs_leaves_the_journal_to_the_drainer() throws Exception {
        CountDownLatch hanging = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        files.faults((operation, path) -> {
            hanging.countDown();
            Await.on(goesOn);
            return false;
        });
        bench.add("a", 3);
        bench.pipeline.start();
        bench.pipeline.requestDrain();
        Await.on(hanging);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> bench.pipeline.close(TimeUnit.SECONDS.toNanos(60)))
                .isInstanceOf(InterruptedException.class);
        Pipeline.Remains remains = bench.pipeline.remains();
        assertThat(remains.complete()).isFalse();
        assertThat(remains.journaled()).as("as nobody knows").isFalse();
        assertThat(remains.unsaved()).isEmpty();
        goesOn.countDown();
        Await.until(this::isUnlocked);
        assertThat(store.total("a") == 0 || store.total("a") == 3).isTrue();
    }

    /** Whether the journal is closed; then it has one record. */
    private boolean isUnlocked() {
        try (Journal next = root().open(bench.pipeline.instanceId(), true, SILENT)) {
            assertThat(next.recovered().lastNumber()).isEqualTo(1);
            return true;
        } catch (JournalLockedException e) {
            return false;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
