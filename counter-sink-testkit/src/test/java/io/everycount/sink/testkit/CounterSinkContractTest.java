// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CounterSinkContractTest {
    /** Not found by the build: its name does not end in Test. */
    static class Breakable extends CounterSinkContract {
        static Defect defect = Defect.NONE;
        static Set<Capability> declared = EnumSet.allOf(Capability.class);

        @Override
        protected StoreUnderTest emptyStore() {
            return new BreakableStore(defect);
        }

        @Override
        protected Set<Capability> capabilities() {
            return declared;
        }

        @Override
        protected long seed() {
            return 42;
        }

        @Override
        protected Duration patience() {
            return defect == Defect.WRITE_IS_UNBOUNDED ? Duration.ofSeconds(1) : super.patience();
        }
    }

    private static final String RANDOM_MODEL = "anySequenceOfCallsDoesWhatTheReferenceModelDoes";

    private static KitRun run(Defect defect, Set<Capability> declared) {
        Breakable.defect = defect;
        Breakable.declared = declared;
        return KitRun.of(Breakable.class);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aBrokenSinkFailsTheTestThatIsMeantForIt(Defect defect) {
        KitRun run = run(defect, EnumSet.allOf(Capability.class));
        assertThat(run.failed()).containsKey(defect.noticedBy());
        assertThat(run.passed()).as("tests that have nothing to do with it").isNotEmpty();
        assertThat(run.neither()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "GUARD_IS_LESS_THAN",
                "GUARD_IS_AT_LEAST",
                "NO_DIGEST_IN_THE_GUARD",
                "NO_OWNER_IN_THE_GUARD",
                "UNREGISTERED_IS_WELCOME",
                "APPLIES_BEFORE_THE_GUARD",
                "EMPTY_BATCH_LEAVES_THE_MARK",
                "REGISTER_RESETS_THE_MARK",
                "TOTALS_ARE_COMMITTED_BEFORE_THE_LEDGER",
                "LEDGER_KEPT_APART_FROM_TOTALS",
                "RETRIES_BY_ITSELF",
                "QUARANTINE_LOSES_THE_REST",
                "QUARANTINE_IS_NOT_STORED",
                "QUARANTINE_OF_ALL_INSTANCES",
                "GAP_WITHOUT_A_GUARD",
                "GAP_IS_NOT_WRITTEN_DOWN"
            })
    void theRandomModelNoticesOnItsOwnAndNamesItsSeed(Defect defect) {
        KitRun run = run(defect, EnumSet.allOf(Capability.class));
        assertThat(run.failed()).containsKey(RANDOM_MODEL);
        assertThat(run.failed().get(RANDOM_MODEL)).hasMessageContaining("-Deverycount.testkit.seed=42");
    }

    @Test
    void aRightSinkPassesEverything() {
        KitRun run = run(Defect.NONE, EnumSet.allOf(Capability.class));
        assertThat(run.failed()).isEmpty();
        assertThat(run.neither()).isEmpty();
        for (Defect defect : EnumSet.complementOf(EnumSet.of(Defect.NONE))) {
            assertThat(run.passed()).contains(defect.noticedBy());
        }
    }

    @Test
    void aSinkWithoutCapabilitiesPassesTheRestAndSkipsNothing() {
        KitRun run = run(Defect.NONE, EnumSet.noneOf(Capability.class));
        assertThat(run.failed()).isEmpty();
        assertThat(run.neither()).isEmpty();
        assertThat(run.passed()).contains("aForkIsRefused").noneMatch(name -> name.startsWith("REWIND"));
    }
}
