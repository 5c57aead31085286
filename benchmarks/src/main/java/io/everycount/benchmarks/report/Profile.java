// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static io.everycount.benchmarks.KeySet.ONE;
import static io.everycount.benchmarks.KeySet.UNIFORM_100000;
import static io.everycount.benchmarks.KeySet.UNIFORM_1000000;
import static io.everycount.benchmarks.KeySet.ZIPF_1000;
import static io.everycount.benchmarks.counters.Peer.EVERYCOUNT;
import static io.everycount.benchmarks.counters.Peer.MAP_OF_ADDERS;
import static io.everycount.benchmarks.counters.Peer.PHASER;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.counters.Peer.Use;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** How much is measured, and how long. */
enum Profile {
    /** What has an aim, and every peer once: eleven minutes with two processors. */
    QUICK(3, 1, 2, 3, 150, 2, 300_000, UNIFORM_100000),
    /** Everything: some hours. */
    FULL(5, 3, 5, 5, 400, 10, 5_000_000, UNIFORM_1000000);

    private static final int[] THREADS = {1, 2, 8};
    private static final int[] DRAINS = {0, 100, 5};

    private final int rounds;
    private final int otherRounds;
    final int warmups;
    final int iterations;
    private final int iterationMillis;
    final int latencySeconds;
    final int lossAdds;
    private final KeySet memoryKeys;

    Profile(
            int rounds,
            int otherRounds,
            int warmups,
            int iterations,
            int iterationMillis,
            int latencySeconds,
            int lossAdds,
            KeySet memoryKeys) {
        this.rounds = rounds;
        this.otherRounds = otherRounds;
        this.warmups = warmups;
        this.iterations = iterations;
        this.iterationMillis = iterationMillis;
        this.latencySeconds = latencySeconds;
        this.lossAdds = lossAdds;
        this.memoryKeys = memoryKeys;
    }

    /** Longer with many keys, as an increment takes longer. */
    int iterationMillis(KeySet keys) {
        return keys == UNIFORM_1000000 ? 2 * iterationMillis : iterationMillis;
    }

    /** A case in a round. */
    record Turn(Case measured, int round) {}

    /**
     * What to measure, in order: one round after the other, so that a bad minute hits one round of many cases
     * and not all rounds of one; within a round the peers of the same conditions next to each other; every other
     * round the other way round.
     */
    List<Turn> turns() {
        List<Case> aimed = Aim.ALL.stream().flatMap(Aim::cases).distinct().toList();
        Set<Case> all = new LinkedHashSet<>(aimed);
        all.addAll(this == QUICK ? eachOnce() : everything());
        List<Case> ordered = new ArrayList<>(all);
        ordered.sort(Comparator.comparing(Case::kind)
                .thenComparing(Case::keys)
                .thenComparing(Case::threads)
                .thenComparing(Case::drainMillis)
                .thenComparing(Case::peer));
        List<Turn> turns = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            List<Turn> inRound = new ArrayList<>();
            for (Case one : ordered) {
                if (round < otherRounds || aimed.contains(one)) {
                    inRound.add(round % 2 == 0 ? inRound.size() : 0, new Turn(one, round));
                }
            }
            turns.addAll(inRound);
        }
        return turns;
    }

    private List<Case> eachOnce() {
        List<Case> cases = new ArrayList<>(losses());
        for (Peer peer : Peer.of(Use.KEYED)) {
            cases.add(new Case(Kind.KEY, peer, ZIPF_1000, 2, 100));
            cases.add(memory(peer, 1));
        }
        for (Peer peer : Peer.of(Use.HELD)) {
            cases.add(new Case(Kind.HANDLE, peer, ONE, 2, 100));
        }
        for (Peer peer : List.of(EVERYCOUNT, MAP_OF_ADDERS)) {
            cases.add(new Case(Kind.KEY, peer, ZIPF_1000, 2, 0));
            cases.add(new Case(Kind.KEY, peer, ZIPF_1000, 2, 5));
            cases.add(new Case(Kind.KEY, peer, UNIFORM_100000, 2, 100));
            cases.add(new Case(Kind.KEY, peer, UNIFORM_1000000, 2, 0));
            cases.add(new Case(Kind.VIRTUAL, peer, ZIPF_1000, 1, 100));
            cases.add(memory(peer, 8));
        }
        cases.add(Aim.latency().of(MAP_OF_ADDERS));
        cases.add(Aim.latency().of(PHASER));
        return cases;
    }

    private List<Case> everything() {
        List<Case> cases = new ArrayList<>(losses());
        for (Peer peer : Peer.of(Use.KEYED)) {
            for (KeySet keys : KeySet.values()) {
                for (int drain : DRAINS) {
                    for (int threads : THREADS) {
                        cases.add(new Case(Kind.KEY, peer, keys, threads, drain));
                    }
                    cases.add(new Case(Kind.VIRTUAL, peer, keys, 1, drain));
                }
                for (int threads : THREADS) {
                    cases.add(new Case(Kind.BYTES, peer, keys, threads, 100));
                }
            }
            for (int threads : THREADS) {
                cases.add(memory(peer, threads));
            }
            cases.add(Aim.latency().of(peer));
            cases.add(Aim.latency().of(peer).drained(0));
        }
        for (Peer peer : Peer.of(Use.HELD)) {
            for (int drain : DRAINS) {
                for (int threads : THREADS) {
                    cases.add(new Case(Kind.HANDLE, peer, ONE, threads, drain));
                }
            }
        }
        return cases;
    }

    private static List<Case> losses() {
        List<Case> cases = new ArrayList<>();
        for (Peer peer : Peer.values()) {
            cases.add(new Case(Kind.LOSS, peer, ZIPF_1000, 4, 0));
        }
        return cases;
    }

    private Case memory(Peer peer, int threads) {
        return new Case(Kind.MEMORY, peer, memoryKeys, threads, 0);
    }
}
