// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.CounterBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Step by step: what may have happened to what was sent, and what a report and a journal say of it. */
class DoubtAtCloseTest {
    private final MemoryFiles files = new MemoryFiles(new Random(1));
    private final Random random = new Random(2);
    private final ModelStore store = new ModelStore("store");
    private Bench bench;

    private JournalRoot root() {
        return new JournalRoot(
                Path.of("/journals"), files, new JournalSettings(1 << 14, 1 << 20, task -> {}, random, () -> 0));
    }

    private Journal open() throws IOException {
        return root().openOwn(1, (id, done, all, records) -> {});
    }

    @BeforeEach
    void start() {
        bench = new Bench.Plan(store).build();
        bench.steps();
    }

    private void startJournaled() throws IOException {
        Bench.Plan plan = new Bench.Plan(store);
        plan.journal = open();
        bench = plan.build();
        bench.steps();
    }

    private void commit(String... keys) {
        for (String key : keys) {
            bench.add(key, 1);
        }
        bench.drainer.requestCommit();
        bench.drainer.step();
    }

    private void lastDrain() {
        bench.drainer.close();
        for (int i = 0; i < 10 && !bench.drainer.isClosed(); i++) {
            bench.drainer.step();
        }
        bench.writer().finish();
    }

    /** The writer sends until there are so many attempts. */
    private List<CounterBatch> send(int attempts) {
        store.recordAttempts();
        for (int i = 0; i < 40 && store.attempts().size() < attempts; i++) {
            bench.advance(1, TimeUnit.SECONDS);
            bench.writer().step();
        }
        assertThat(store.attempts()).hasSize(attempts);
        return store.attempts();
    }

    private Pipeline.Remains closeNow() throws InterruptedException {
        bench.pipeline.close(0);
        return bench.pipeline.remains();
    }

    private void arrives(CounterBatch late) {
        store.faults((op, argument) -> Fault.NONE);
        assertThat(store.write(late).isApplied()).isTrue();
    }

    @Test
    void a_smaller_batch_does_not_hide_the_larger_one_before() throws InterruptedException {
        for (int i = 0; i < 8; i++) {
            bench.add("key" + i, 1);
        }
        bench.drain();
        lastDrain();
        store.faults((op, argument) -> op == Op.WRITE ? Fault.BEFORE : Fault.NONE);
        List<CounterBatch> sent = send(2);
        assertThat(sent).extracting(b -> b.to().record()).containsExactly(2L, 1L);
        Pipeline.Remains remains = closeNow();
        arrives(sent.get(0));
        assertThat(store.totals()).isEqualTo(bench.accepted);
        assertThat(remains.unsaved()).isEmpty();
        assertThat(remains.unknown()).isEqualTo(bench.accepted);
    }

    @Test
    void nor_does_it_hide_that_a_store_may_be_ahead_of_the_journal() throws Exception {
        startJournaled();
        commit("a");
        files.faults((operation, path) -> true);
        for (int i = 0; i < 4; i++) {
            bench.add("b" + i, 1);
        }
        lastDrain();
        store.faults((op, argument) -> op == Op.WRITE ? Fault.BEFORE : Fault.NONE);
        List<CounterBatch> sent = send(3);
        assertThat(sent).extracting(b -> b.to().record()).contains(1L, 2L);
        files.faults((operation, path) -> false);
        closeNow();
        assertThat(root().list()).extracting(JournalRoot.Entry::state).containsExactly(JournalRoot.State.FORKED);
    }

    @Test
    void a_refusal_is_no_sign_that_an_earlier_write_did_not_arrive() throws InterruptedException {
        bench.add("a", 1);
        bench.drain();
        lastDrain();
        store.script(Op.WRITE, Fault.BEFORE, Fault.REFUSE);
        List<CounterBatch> sent = send(2);
        store.faults((op, argument) -> Fault.BEFORE);
        bench.writer().step();
        Pipeline.Remains remains = closeNow();
        arrives(sent.get(0));
        assertThat(remains.unsaved()).isEmpty();
        assertThat(remains.unknown()).isEqualTo(Map.of("a", 1L));
    }

    @Test
    void a_store_that_was_seen_to_have_lost_its_ledger_is_not_complete() throws Exception {
        startJournaled();
        bench.record("a", 1);
        bench.settle();
        store.rewind(1_000);
        store.faults((op, argument) -> op == Op.REGISTER ? Fault.BEFORE : Fault.NONE);
        bench.advance(6, TimeUnit.SECONDS);
        bench.writer().step();
        lastDrain();
        Pipeline.Remains remains = closeNow();
        assertThat(remains.complete()).isFalse();
        assertThat(store.total("a")).isZero();
        int[] inNeed = {-1};
        root().adopt(
                        Set.of(),
                        (sinks, stores) -> {
                            inNeed[0] = sinks;
                            return null;
                        },
                        (id, done, all, records) -> {})
                .close();
        assertThat(inNeed[0]).as("its sink is in need").isEqualTo(1);
    }

    @Test
    void what_a_failed_drainer_has_brought_into_the_journal_is_not_certainly_unsaved() throws Exception {
        store.faults((op, argument) -> Fault.BEFORE);
        startJournaled();
        commit("a");
        files.faults((operation, path) -> {
            throw new OutOfMemoryError("planted");
        });
        commit("b");
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FAILED);
        bench.add("c", 1);
        bench.drainer.close();
        bench.pipeline.abandon();
        assertThat(bench.drainer.step()).isEqualTo(Worker.DONE);
        files.faults((operation, path) -> false);
        Pipeline.Remains remains = closeNow();
        assertThat(remains.journaled()).isFalse();
        assertThat(remains.unknown()).isEqualTo(Map.of("a", 1L, "b", 1L));
        files.kill();
        try (Journal next = open()) {
            assertThat(next.recovered().records()).isNotEmpty();
        }
    }
}
