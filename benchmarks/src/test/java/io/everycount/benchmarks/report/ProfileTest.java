// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.report.Profile.Turn;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ProfileTest {
    @ParameterizedTest
    @EnumSource
    void every_aim_is_measured_in_the_same_rounds_on_both_sides(Profile profile) {
        List<Turn> turns = profile.turns();

        for (Aim aim : Aim.ALL) {
            List<List<Integer>> rounds = aim.cases()
                    .map(one -> turns.stream()
                            .filter(turn -> turn.measured().equals(one))
                            .map(Turn::round)
                            .toList())
                    .toList();
            assertThat(rounds).doesNotContain(List.of());
            assertThat(rounds.stream().distinct()).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void every_peer_is_measured_and_nothing_twice_in_a_round(Profile profile) {
        List<Turn> turns = profile.turns();

        assertThat(turns).doesNotHaveDuplicates();
        assertThat(turns.stream().map(turn -> turn.measured().peer())).contains(Peer.values());
        assertThat(turns.stream().map(turn -> turn.measured().kind())).contains(Kind.values());
    }

    @Test
    void rounds_follow_each_other_and_every_other_one_goes_the_other_way() {
        List<Turn> turns = Profile.QUICK.turns();

        assertThat(turns.stream().map(Turn::round)).isSorted();
        assertThat(cases(turns, 2)).isNotEmpty();
        assertThat(cases(turns, 1)).containsExactlyElementsOf(reversed(cases(turns, 2)));
    }

    private static List<Case> cases(List<Turn> turns, int round) {
        return turns.stream()
                .filter(turn -> turn.round() == round)
                .map(Turn::measured)
                .toList();
    }

    private static List<Case> reversed(List<Case> cases) {
        return java.util.stream.IntStream.iterate(cases.size() - 1, i -> i >= 0, i -> i - 1)
                .mapToObj(cases::get)
                .toList();
    }
}
