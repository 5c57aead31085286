// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.Mark;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The protocol between a record log and a sink, one step after another, without threads. */
class SinkWriterTest {
    private final ModelStore store = new ModelStore("store");
    private final Bench bench = new Bench.Plan(store).build();

    /** Three records, all applied. */
    private void threeApplied() {
        for (int i = 0; i < 3; i++) {
            bench.record("k" + i, 10 + i);
            bench.steps();
        }
        assertThat(store.mark(bench.instanceId)).isEqualTo(bench.log.last().mark());
    }

    private void allIsThere(String key, long total) {
        assertThat(store.total(key)).isEqualTo(total);
        Pipeline.Snapshot s = bench.pipeline.snapshot();
        assertThat(s.pending()).isZero();
        assertThat(s.state()).isEqualTo(PipelineState.RUNNING);
        assertThat(s.persisted())
                .isEqualTo(store.totals().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
        bench.checkIdentity();
    }

    @Test
    void counts_while_the_store_cannot_be_reached_and_registers_when_it_can() {
        store.faults((op, argument) -> Fault.BEFORE);
        bench.add("a", 1);
        assertThat(bench.drain()).isTrue();
        for (int i = 0; i < 20; i++) {
            bench.add("a", 1);
            bench.drain();
            bench.step();
            bench.advance(20, TimeUnit.SECONDS);
        }
        assertThat(bench.log.last().record())
                .as("records do not pile up behind a dead store")
                .isEqualTo(1);
        assertThat(bench.pipeline.snapshot().sinks().get(0).failing()).isTrue();
        assertThat(bench.pipeline.snapshot().sinks().get(0).retries()).isEqualTo(20);

        store.faults((op, argument) -> Fault.NONE);
        bench.settle();

        allIsThere("a", 21);
        assertThat(bench.pipeline.snapshot().sinks().get(0).failing()).isFalse();
    }

    @Test
    void pending_keys_are_those_of_the_records_that_are_not_applied() {
        bench.record("a", 1);
        bench.steps();
        assertThat(bench.pipeline.snapshot().pendingKeys()).isZero();
        store.faults((op, argument) -> Fault.BEFORE);
        bench.add("a", 1);
        bench.add("b", 1);
        bench.add("c", 1);
        bench.drain();
        assertThat(bench.pipeline.snapshot().pendingKeys()).isEqualTo(3);
        store.faults((op, argument) -> Fault.NONE);
        bench.settle();
        assertThat(bench.pipeline.snapshot().pendingKeys()).isZero();
        store.rewind(1);
        bench.advance(5, TimeUnit.SECONDS);
        bench.steps();
        assertThat(bench.told.has("rewound store 2 to 1")).isTrue();
        allIsThere("b", 1);
        assertThat(bench.pipeline.snapshot().pendingKeys()).isZero();
    }

    @Test
    void a_registration_whose_reply_is_lost_is_repeated() {
        store.script(Op.REGISTER, Fault.AFTER);
        bench.record("a", 1);
        bench.settle();
        allIsThere("a", 1);
        assertThat(bench.told.has("failed store 1 REGISTER")).isTrue();
    }

    @Test
    void a_write_that_failed_before_it_was_applied_is_sent_again() {
        threeApplied();
        store.script(Op.WRITE, Fault.BEFORE);
        bench.record("k0", 5);
        bench.settle();
        allIsThere("k0", 15);
        assertThat(store.writes()).isEqualTo(4);
    }

    @Test
    void a_write_that_was_applied_although_its_reply_was_lost_is_not_sent_again() {
        threeApplied();
        store.script(Op.WRITE, Fault.AFTER);
        bench.record("k0", 5);
        bench.settle();
        allIsThere("k0", 15);
        assertThat(store.writes()).isEqualTo(4);
    }

    @Test
    void a_statement_that_still_runs_is_waited_for_by_the_read_of_the_ledger() {
        threeApplied();
        store.script(Op.WRITE, Fault.LATE);
        bench.record("k0", 5);
        bench.step();
        assertThat(store.total("k0")).isEqualTo(10);
        assertThat(bench.writer().sentTo()).isPositive();
        bench.settle();
        allIsThere("k0", 15);
        assertThat(store.writes()).isEqualTo(4);
    }

    @Test
    void more_records_may_join_the_retry_of_a_write_of_unknown_outcome() {
        threeApplied();
        store.recordAttempts();
        store.script(Op.WRITE, Fault.BEFORE);
        bench.add("k0", 5);
        bench.drain();
        // Another drain got in before the failure was known.
        bench.record("k1", 6);
        bench.step();
        bench.settle();
        allIsThere("k0", 15);
        assertThat(store.total("k1")).isEqualTo(17);
        assertThat(store.attempts()).hasSize(2);
    }

    @Test
    void a_refusal_is_explained_by_the_ledger_and_the_write_is_tried_again_at_once() {
        threeApplied();
        store.script(Op.WRITE, Fault.REFUSE);
        bench.record("k0", 5);
        bench.steps();
        allIsThere("k0", 15);
        assertThat(bench.told.has("failed")).isFalse();
    }

    @Test
    void a_guard_that_goes_on_refusing_what_the_ledger_allows_is_a_failure_with_backoff() {
        threeApplied();
        store.faults((op, argument) -> op == Op.WRITE ? Fault.REFUSE : Fault.NONE);
        bench.record("k0", 5);
        bench.steps();
        assertThat(bench.told.has("failed store 1 store refused a write that its ledger"))
                .isTrue();
        store.faults((op, argument) -> Fault.NONE);
        bench.settle();
        allIsThere("k0", 15);
    }

    @Test
    void another_owner_fences_this_instance_which_then_writes_nothing() {
        threeApplied();
        UUID other = new UUID(7, 7);
        store.putLedger(bench.instanceId, other, bench.log.last().mark());
        long writes = store.writes();
        bench.record("k0", 5);
        bench.steps();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FENCED);
        assertThat(bench.writer().step()).isEqualTo(Worker.DONE);
        assertThat(store.writes()).isEqualTo(writes);
        assertThat(store.total("k0")).isEqualTo(10);
        assertThat(bench.told.has("stopped store FENCED")).isTrue();
        bench.drainer.step();
        assertThat(bench.drainer.isClosed())
                .as("the cells refuse additions from now on")
                .isTrue();
        bench.checkIdentity();
    }

    @Test
    void a_digest_that_is_not_in_this_history_is_a_fork() {
        threeApplied();
        Mark mark = bench.log.last().mark();
        store.putLedger(bench.instanceId, ownerOf(bench), new Mark(mark.record(), mark.digest() + 1));
        bench.record("k0", 5);
        bench.steps();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FORKED);
        assertThat(store.total("k0")).isEqualTo(10);
    }

    @Test
    void a_mark_beyond_this_history_is_a_fork() {
        threeApplied();
        store.putLedger(bench.instanceId, ownerOf(bench), new Mark(99, 99));
        bench.advance(6, TimeUnit.SECONDS);
        bench.steps();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FORKED);
    }

    @Test
    void a_ledger_that_knows_more_than_a_fresh_history_is_a_fork_at_registration() {
        threeApplied();
        Bench copy = new Bench.Plan(store) {
            {
                seed = 2;
            }
        }.build();
        copy.record("k0", 5);
        copy.steps();
        assertThat(copy.pipeline.state()).isEqualTo(PipelineState.FORKED);
        assertThat(store.total("k0")).isEqualTo(10);
        // The copy's registration took the entry over, so the first one is fenced rather than confused.
        bench.record("k1", 1);
        bench.steps();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FENCED);
    }

    private static UUID ownerOf(Bench bench) {
        try {
            var field = SinkWriter.class.getDeclaredField("ownerToken");
            field.setAccessible(true);
            return (UUID) field.get(bench.writer());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_store_that_went_back_gets_the_retained_records_again() {
        threeApplied();
        store.rewind(2);
        assertThat(store.totals()).containsEntry("k0", 10L).containsEntry("k2", 0L);
        bench.record("k0", 1);
        bench.settle();
        allIsThere("k0", 11);
        assertThat(store.total("k1")).isEqualTo(11);
        assertThat(store.total("k2")).isEqualTo(12);
        assertThat(bench.told.has("rewound store 3 to 1")).isTrue();
        assertThat(bench.pipeline.snapshot().sinks()).singleElement().satisfies(sink -> {
            assertThat(sink.rewinds()).isEqualTo(1);
            assertThat(sink.replayedRecords()).isEqualTo(2);
            assertThat(sink.gaps()).isZero();
        });
    }

    @Test
    void what_waited_through_a_long_outage_is_retained_from_when_it_was_written() {
        bench.record("k0", 10);
        bench.settle();
        bench.record("k0", 1);
        bench.advance(1, TimeUnit.HOURS);
        bench.settle();
        assertThat(store.total("k0")).isEqualTo(11);
        // Somebody else takes over, without the last write.
        store.rewind(1);
        bench.record("k1", 1);
        bench.settle();
        allIsThere("k0", 11);
        assertThat(bench.pipeline.snapshot().sinks()).singleElement().satisfies(sink -> {
            assertThat(sink.rewinds()).isEqualTo(1);
            assertThat(sink.gaps()).isZero();
        });
    }

    @Test
    void a_store_that_went_back_is_noticed_when_there_is_nothing_to_write() {
        threeApplied();
        store.rewind(1);
        long due = bench.step();
        assertThat(due).isPositive().isLessThanOrEqualTo(TimeUnit.SECONDS.toNanos(5));
        bench.now += due;
        bench.steps();
        allIsThere("k2", 12);
        assertThat(bench.told.has("rewound store 3 to 2")).isTrue();
    }

    @Test
    void a_store_that_went_back_to_before_the_registration_gets_everything_again() {
        threeApplied();
        store.rewind(100);
        assertThat(store.mark(bench.instanceId)).isEqualTo(Mark.ORIGIN);
        bench.record("k0", 1);
        bench.settle();
        allIsThere("k0", 11);
        assertThat(store.total("k2")).isEqualTo(12);
        assertThat(bench.told.has("rewound store 3 to 0")).isTrue();
    }

    @Test
    void a_store_that_went_back_further_than_records_are_kept_gets_a_gap_with_the_right_sum() {
        Bench forgetful = new Bench.Plan(store) {
            {
                retainedBytesMax = 0;
            }
        }.build();
        for (int i = 0; i < 3; i++) {
            forgetful.record("k", 10 + i);
            forgetful.steps();
        }
        store.rewind(2);
        forgetful.record("k", 100);
        forgetful.settle();
        assertThat(store.gaps()).singleElement().satisfies(gap -> {
            assertThat(gap.from().record()).isEqualTo(1);
            assertThat(gap.to().record()).isEqualTo(3);
            assertThat(gap.deltaSum()).isEqualTo(11 + 12);
        });
        assertThat(store.total("k")).isEqualTo(10 + 100);
        Pipeline.Snapshot s = forgetful.pipeline.snapshot();
        assertThat(s.lost()).isEqualTo(23);
        assertThat(s.persisted()).isEqualTo(110);
        assertThat(s.pending()).isZero();
        assertThat(forgetful.told.has("gap store 1..3 sum 23")).isTrue();
        assertThat(s.sinks()).singleElement().satisfies(sink -> {
            assertThat(sink.gaps()).isEqualTo(1);
            assertThat(sink.replayedRecords())
                    .as("what is lost is not written again")
                    .isZero();
        });
        forgetful.checkIdentity();
    }

    @Test
    void a_gap_whose_reply_is_lost_is_declared_once() {
        Bench forgetful = new Bench.Plan(store) {
            {
                retainedBytesMax = 0;
            }
        }.build();
        for (int i = 0; i < 3; i++) {
            forgetful.record("k", 10 + i);
            forgetful.steps();
        }
        store.rewind(2);
        store.script(Op.GAP, Fault.AFTER, Fault.AFTER);
        forgetful.record("k", 100);
        forgetful.settle();
        assertThat(store.gaps()).hasSize(1);
        assertThat(forgetful.pipeline.snapshot().lost()).isEqualTo(23);
        assertThat(forgetful.told.lines.stream().filter(l -> l.startsWith("gap")))
                .hasSize(1);
    }

    @Test
    void a_declared_gap_that_the_store_forgets_again_is_declared_again_and_counted_once() {
        Bench forgetful = new Bench.Plan(store) {
            {
                retainedBytesMax = 0;
            }
        }.build();
        for (int i = 0; i < 3; i++) {
            forgetful.record("k", 10 + i);
            forgetful.steps();
        }
        store.rewind(2);
        forgetful.record("k", 100);
        forgetful.settle();
        store.rewind(2);
        forgetful.record("k", 1_000);
        forgetful.settle();
        assertThat(store.gaps()).hasSize(1);
        assertThat(forgetful.pipeline.snapshot().lost()).isEqualTo(10 + 11 + 12 + 100 - store.total("k") + 1_000);
        forgetful.checkIdentity();
    }

    @Test
    void another_store_under_the_same_name_is_never_written_to() {
        threeApplied();
        UUID first = store.storeId();
        store.becomeAnotherStore();
        bench.record("k0", 5);
        for (int i = 0; i < 5; i++) {
            bench.steps();
            bench.advance(20, TimeUnit.SECONDS);
        }
        assertThat(bench.told.has("fatal store 1 store now leads to store " + store.storeId()))
                .isTrue();
        assertThat(store.totals()).isEmpty();
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.RUNNING);
        assertThat(bench.pipeline.snapshot().pending()).isEqualTo(5);

        // Pointed back, with a ledger that is empty: everything is replayed, as after a rewind.
        store.storeId(first);
        store.dropLedger();
        bench.settle();
        allIsThere("k0", 15);
    }

    @Test
    void a_fatal_failure_is_retried_slowly_and_heals() {
        store.faults((op, argument) -> Fault.FATAL);
        bench.record("a", 1);
        for (int i = 0; i < 50; i++) {
            long due = bench.step();
            assertThat(due).isBetween(TimeUnit.SECONDS.toNanos(5), TimeUnit.SECONDS.toNanos(10));
            bench.now += due;
        }
        store.faults((op, argument) -> Fault.NONE);
        bench.settle();
        allIsThere("a", 1);
    }

    @Test
    void waits_grow_up_to_their_bound_and_never_beyond() {
        store.faults((op, argument) -> Fault.BEFORE);
        bench.record("a", 1);
        long longest = 0;
        for (int failures = 1; failures <= 200; failures++) {
            long due = bench.step();
            long bound = Math.min(
                    TimeUnit.SECONDS.toNanos(10), TimeUnit.MILLISECONDS.toNanos(100) << Math.min(failures - 1, 30));
            assertThat(due).isBetween(0L, bound);
            assertThat(due == 0 || bench.step() > 0)
                    .as("nothing happens before it is due")
                    .isTrue();
            bench.now += due;
            longest = Math.max(longest, due);
        }
        assertThat(longest).isGreaterThan(TimeUnit.SECONDS.toNanos(5));
    }

    @Test
    void entries_in_quarantine_are_in_the_sums_and_their_waiters_hear_of_it() {
        store.poison(key -> key.equals("bad"));
        bench.add("good", 1);
        bench.add("bad", 7);
        DrainStage stage = bench.pipeline.nextStage();
        bench.drain();
        bench.steps();
        assertThat(stage.confirmed().announced()).isCompleted();
        assertThat(bench.acknowledgements.isQuarantined("bad", 0)).isTrue();
        assertThat(bench.acknowledgements.isQuarantined("good", 0)).isFalse();
        assertThat(bench.pipeline.snapshot().quarantined()).isEqualTo(7);
        assertThat(bench.pipeline.snapshot().persisted()).isEqualTo(1);
        assertThat(bench.told.has("quarantined store [bad=7]")).isTrue();
        bench.checkIdentity();
    }

    @Test
    void entries_in_quarantine_are_asked_for_if_the_reply_was_lost() {
        store.poison(key -> key.equals("bad"));
        store.script(Op.WRITE, Fault.AFTER);
        bench.add("good", 1);
        bench.add("bad", 7);
        DrainStage stage = bench.pipeline.nextStage();
        bench.drain();
        bench.settle();
        assertThat(stage.confirmed().announced()).isCompleted();
        assertThat(bench.acknowledgements.isQuarantined("bad", 0)).isTrue();
        assertThat(bench.acknowledgements.isQuarantined("good", 0)).isFalse();
        assertThat(bench.pipeline.snapshot().quarantined()).isEqualTo(7);
        assertThat(bench.pipeline.snapshot().persisted()).isEqualTo(1);
    }

    @Test
    void no_acknowledgement_is_given_while_it_is_not_known_what_went_to_quarantine() {
        store.poison(key -> key.equals("bad"));
        int[] asked = {0};
        store.faults((op, argument) -> switch (op) {
            case WRITE -> Fault.AFTER;
            case QUARANTINED -> asked[0]++ < 3 ? Fault.BEFORE : Fault.NONE;
            default -> Fault.NONE;
        });
        bench.add("bad", 7);
        DrainStage stage = bench.pipeline.nextStage();
        bench.drain();
        for (int i = 0; i < 4; i++) {
            bench.step();
            assertThat(stage.confirmed().announced()).isNotDone();
            bench.advance(20, TimeUnit.SECONDS);
        }
        bench.settle();
        assertThat(asked[0]).isEqualTo(4);
        assertThat(stage.confirmed().announced()).isCompleted();
        assertThat(bench.acknowledgements.isQuarantined("bad", 0)).isTrue();
        assertThat(bench.acknowledgements.isQuarantined("good", 0)).isFalse();
    }

    @Test
    void quarantine_that_the_store_forgot_is_not_counted_twice_after_the_replay() {
        store.poison(key -> key.equals("bad"));
        bench.record("good", 1);
        bench.steps();
        bench.record("bad", 7);
        bench.steps();
        store.rewind(1);
        bench.record("good", 1);
        bench.settle();
        assertThat(bench.pipeline.snapshot().quarantined()).isEqualTo(7);
        assertThat(store.quarantineSums()).isEqualTo(Map.of("bad", 7L));
        bench.checkIdentity();
    }

    @Test
    void a_flush_after_a_rewind_was_noticed_waits_until_the_store_has_the_records_again() {
        threeApplied();
        store.rewind(1);
        bench.advance(6, TimeUnit.SECONDS);
        bench.step();
        assertThat(bench.told.has("rewound store 3 to 2")).isTrue();
        // Nothing new was added, so this drain is empty; but record 3 is not in the store.
        DrainStage stage = bench.pipeline.nextStage();
        assertThat(bench.drain()).isTrue();
        assertThat(stage.confirmed().announced()).isNotDone();
        bench.settle();
        assertThat(stage.confirmed().announced()).isDone();
        allIsThere("k2", 12);
    }

    @Test
    void an_empty_drain_is_acknowledged_without_a_record() {
        threeApplied();
        long last = bench.log.last().record();
        bench.add("k0", 3);
        bench.add("k0", -3);
        DrainStage stage = bench.pipeline.nextStage();
        bench.drain();
        assertThat(stage.confirmed().announced()).isDone();
        assertThat(bench.log.last().record()).isEqualTo(last);
    }

    @Test
    void the_timer_drains_a_quiet_counter_like_any_other() {
        Bench timed = new Bench.Plan(store) {
            {
                flushIntervalNanos = TimeUnit.SECONDS.toNanos(1);
            }
        }.build();
        timed.add("a", 1);
        long due = timed.drainer.step();
        assertThat(due).isEqualTo(TimeUnit.SECONDS.toNanos(1));
        timed.now += due;
        assertThat(timed.drainer.step()).isZero();
        timed.steps();
        assertThat(store.total("a")).isEqualTo(1);
    }

    @Test
    void closing_is_not_over_while_a_store_that_went_back_has_not_been_mended() {
        threeApplied();
        store.rewind(64);
        store.script(Op.REGISTER, Fault.BEFORE, Fault.BEFORE);
        bench.advance(6, TimeUnit.SECONDS);
        bench.step();
        bench.drainer.close();
        bench.drainer.step();
        bench.writer().finish();
        for (int i = 0; i < 100 && bench.writer().step() != Worker.DONE; i++) {
            bench.advance(1, TimeUnit.SECONDS);
        }
        assertThat(store.totals()).isEqualTo(bench.accepted);
    }
}
