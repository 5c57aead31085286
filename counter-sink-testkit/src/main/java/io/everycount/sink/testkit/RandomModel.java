// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.SinkException;
import io.everycount.sink.WriteResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A seeded sequence of right and wrong calls, with faults where the store can have them, each compared
 * with what a reference model does. The whole model is two lines: {@link State#holds} and {@link
 * State#move}.
 */
final class RandomModel {
    private static final int STEPS = 400;
    private static final int STEPS_PER_FULL_CHECK = 25;
    private static final int INSTANCES = 4;
    private static final int HISTORY_MAX = 40;

    private record Row(UUID owner, Mark mark) {}

    private record Quarantined(UUID instanceId, long record, PoisonEntry entry) {}

    /** What the store has to contain. */
    private static final class State {
        final Map<UUID, Row> ledger = new HashMap<>();
        final Map<String, Long> totals = new HashMap<>();
        final List<Quarantined> quarantine = new ArrayList<>();
        final List<Gap> gaps = new ArrayList<>();

        State copy() {
            State copy = new State();
            copy.ledger.putAll(ledger);
            copy.totals.putAll(totals);
            copy.quarantine.addAll(quarantine);
            copy.gaps.addAll(gaps);
            return copy;
        }

        boolean holds(UUID instanceId, UUID owner, Mark from) {
            return new Row(owner, from).equals(ledger.get(instanceId));
        }

        void move(UUID instanceId, UUID owner, Mark to) {
            ledger.put(instanceId, new Row(owner, to));
        }
    }

    private final Bench bench;
    private final Set<Capability> capabilities;
    private final Random random;
    private final List<CounterSink> sinks;
    private final List<UUID> ids = new ArrayList<>();
    private final List<UUID> owners = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>(List.of(Mark.ORIGIN));
    private final List<CounterBatch> sent = new ArrayList<>();
    private final Map<String, PoisonEntry> poisons = new HashMap<>();
    private final List<String> keys = new ArrayList<>();
    private State state = new State();
    private @Nullable State remembered;
    private @Nullable Runnable restore;

    RandomModel(Bench bench, Set<Capability> capabilities, long seed) {
        this.bench = bench;
        this.capabilities = capabilities;
        this.random = new Random(seed);
        this.sinks = List.of(bench.sink(), bench.openSink());
    }

    void run() {
        for (int i = 0; i < INSTANCES; i++) {
            ids.add(uuid());
        }
        owners.add(uuid());
        List<String> odd = OddKeys.all();
        for (int i = 0; i < 6; i++) {
            keys.add("key " + i);
            keys.add(odd.get(random.nextInt(odd.size())));
        }
        register(ids.get(0));
        if (capabilities.contains(Capability.QUARANTINE)) {
            preparePoison("key 1, poison");
            preparePoison("key 3, poison");
        }
        for (int step = 1; step <= STEPS; step++) {
            step();
            if (step % STEPS_PER_FULL_CHECK == 0) {
                checkAll();
            }
        }
        checkAll();
    }

    private void step() {
        UUID id = pick(ids);
        switch (random.nextInt(20)) {
            case 0 -> register(id);
            case 1, 2 -> declareGap(id);
            case 3 -> checkQuarantined(id);
            case 4 -> rewind();
            case 5, 6, 7 -> write(sent.isEmpty() ? batch(id) : pick(sent));
            default -> write(batch(id));
        }
        checkLedger(id);
    }

    private void register(UUID id) {
        UUID owner = uuid();
        Row row = state.ledger.get(id);
        Mark mark = row == null ? Mark.ORIGIN : row.mark();
        LedgerEntry entry = pick(sinks).register(new Registration(id, owner, "random model"));
        assertThat(entry.mark()).as("the mark that register returned").isEqualTo(mark);
        assertThat(entry.ownerToken()).isEqualTo(owner);
        state.move(id, owner, mark);
        remember(owners, owner);
    }

    private CounterBatch batch(UUID id) {
        Map<String, Long> deltas = new HashMap<>();
        int count = random.nextInt(6);
        for (int i = 0; i < count; i++) {
            deltas.put(pick(keys), random.nextBoolean() ? 1L + random.nextInt(9) : -1L - random.nextInt(9));
        }
        if (!poisons.isEmpty() && random.nextInt(4) == 0) {
            PoisonEntry poison = pick(List.copyOf(poisons.values()));
            deltas.put(poison.key(), poison.delta());
        }
        Mark from = from(id);
        return Instance.batch(id, owner(id), from, to(from), deltas);
    }

    /** Mostly the right owner. */
    private UUID owner(UUID id) {
        Row row = state.ledger.get(id);
        return row == null || random.nextInt(8) == 0 ? pick(owners) : row.owner();
    }

    /** Mostly the right mark. */
    private Mark from(UUID id) {
        Row row = state.ledger.get(id);
        Mark mark = row == null ? Mark.ORIGIN : row.mark();
        return switch (random.nextInt(12)) {
            case 0 -> pick(marks);
            case 1 -> new Mark(mark.record(), random.nextLong());
            case 2 -> new Mark(mark.record() + 1 + random.nextInt(3), mark.digest());
            default -> mark;
        };
    }

    private Mark to(Mark from) {
        return new Mark(from.record() + 1 + random.nextInt(5), random.nextLong());
    }

    private void write(CounterBatch batch) {
        boolean holds = state.holds(batch.instanceId(), batch.ownerToken(), batch.from());
        CounterSink sink = pick(sinks);
        if (holds && capabilities.contains(Capability.FAILURE) && random.nextInt(8) == 0) {
            bench.store().failNextWrite();
            assertThatThrownBy(() -> sink.write(batch)).isInstanceOf(SinkException.class);
            return;
        }
        List<PoisonEntry> refused = holds ? apply(batch) : List.of();
        if (holds && capabilities.contains(Capability.LOST_REPLY) && random.nextInt(8) == 0) {
            bench.store().loseNextReply();
            assertThatThrownBy(() -> sink.write(batch)).isInstanceOf(RetriableSinkException.class);
        } else {
            WriteResult result = sink.write(batch);
            assertThat(result.isApplied()).as("applied: %s", batch).isEqualTo(holds);
            Bench.assertEntries("the quarantined() of " + batch, result.quarantined(), refused);
        }
        remember(sent, batch);
        remember(marks, batch.from());
        remember(marks, batch.to());
    }

    private List<PoisonEntry> apply(CounterBatch batch) {
        List<PoisonEntry> refused = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            PoisonEntry poison = poisons.get(batch.key(i));
            if (poison == null) {
                state.totals.merge(batch.key(i), batch.delta(i), Long::sum);
            } else {
                refused.add(poison);
                state.quarantine.add(
                        new Quarantined(batch.instanceId(), batch.to().record(), poison));
            }
        }
        state.move(batch.instanceId(), batch.ownerToken(), batch.to());
        return refused;
    }

    private void preparePoison(String key) {
        PoisonEntry poison = bench.store().poison(key);
        if (poison.before() != 0) {
            UUID id = ids.get(0);
            Row row = Objects.requireNonNull(state.ledger.get(id));
            CounterBatch before =
                    Instance.batch(id, row.owner(), row.mark(), to(row.mark()), Map.of(poison.key(), poison.before()));
            assertThat(bench.sink().write(before).isApplied())
                    .as("applied: %s", before)
                    .isTrue();
            apply(before);
        }
        poisons.put(poison.key(), poison);
    }

    private void declareGap(UUID id) {
        Mark from = from(id);
        Gap gap = new Gap(id, owner(id), from, to(from), random.nextLong());
        boolean holds = state.holds(id, gap.ownerToken(), from);
        assertThat(pick(sinks).declareGap(gap).isApplied())
                .as("applied: %s", gap)
                .isEqualTo(holds);
        if (holds) {
            state.gaps.add(gap);
            state.move(id, gap.ownerToken(), gap.to());
        }
    }

    private void rewind() {
        if (!capabilities.contains(Capability.REWIND)) {
            return;
        }
        if (restore == null || remembered == null) {
            restore = bench.store().snapshot();
            remembered = state.copy();
        } else if (random.nextInt(3) == 0) {
            restore.run();
            state = remembered;
            restore = null;
        }
    }

    private void checkLedger(UUID id) {
        Optional<Row> row = pick(sinks).ledger(id).map(entry -> new Row(entry.ownerToken(), entry.mark()));
        assertThat(row).as("the ledger entry of %s", id).isEqualTo(Optional.ofNullable(state.ledger.get(id)));
    }

    private void checkQuarantined(UUID id) {
        long after = random.nextInt(30);
        long upTo = after + random.nextInt(30);
        Bench.assertEntries(
                "quarantined after " + after + " up to " + upTo,
                pick(sinks).quarantined(id, after, upTo),
                state.quarantine.stream()
                        .filter(q -> q.instanceId().equals(id) && q.record() > after && q.record() <= upTo)
                        .map(Quarantined::entry)
                        .toList());
    }

    private void checkAll() {
        ids.forEach(this::checkLedger);
        bench.assertTotals(state.totals);
        bench.assertGaps(state.gaps);
        Bench.assertEntries(
                "the store's quarantine",
                bench.store().quarantined(),
                state.quarantine.stream().map(Quarantined::entry).toList());
    }

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static <T> void remember(List<T> list, T value) {
        if (list.size() == HISTORY_MAX) {
            list.remove(0);
        }
        list.add(value);
    }
}
