// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.cell.CacheOperations;
import io.everycount.cell.CellStore;
import io.everycount.flush.DrainerOperations;
import io.everycount.flush.FlushOperations;
import io.everycount.flush.Pipeline;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Lincheck makes up scenarios of two threads and searches their interleavings, switch by switch, under sequential
 * consistency; the same ones in each run. Each planted mistake is one that it has to find.
 *
 * <p>{@code -Deverycount.stress=N} makes it try N times as many.
 */
class ModelCheckIT {
    private static final int TIMES = Integer.getInteger("everycount.stress", 1);

    /** The longest loop goes over the cells of a store. Beyond that something does not end. */
    private static final int LOOP_MAX = 100_000;

    private static final long INVOCATION_MILLIS_MAX = 300_000;

    @ParameterizedTest
    @ValueSource(classes = {CacheOperations.Real.class, DrainerOperations.Real.class, FlushOperations.Real.class})
    void no_interleaving_breaks_a_rule(Class<?> operations) {
        check(operations);
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                CacheOperations.PlantedLinkedAfterPublishing.class,
                CacheOperations.PlantedSwapWithoutSeal.class,
                DrainerOperations.PlantedStageBeforeAdding.class,
                FlushOperations.PlantedReadThenCleared.class
            })
    void a_planted_mistake_is_found(Class<?> operations) {
        assertThatThrownBy(() -> check(operations)).isInstanceOf(LincheckAssertionError.class);
    }

    private static void check(Class<?> operations) {
        Class<?> sequential = sequential(operations);
        // The drainer has much more code to go through at each step.
        boolean cells = operations.getEnclosingClass() == CacheOperations.class;
        new ModelCheckingOptions()
                .threads(2)
                .actorsPerThread(cells ? 3 : 2)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations((cells ? 20 : 5) * TIMES)
                .invocationsPerIteration(cells ? 400 : 80)
                .loopBound(LOOP_MAX)
                .loopIterationsBeforeThreadSwitch(LOOP_MAX)
                .minimizeFailedScenario(false)
                // Its name is not made for Java. The default takes a busy machine for a deadlock.
                .invocationTimeout$lincheck(INVOCATION_MILLIS_MAX)
                .sequentialSpecification(sequential)
                // For the drainer's protocol the cells are one step, and they have a check of their own.
                .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(CellStore.class.getName())
                        .allMethods()
                        .treatAsAtomic())
                .addGuarantee(
                        ManagedStrategyGuaranteeKt.forClasses(Pipeline.class.getName(), "io.everycount.flush.RecordLog")
                                .allMethods()
                                .ignore())
                .check(operations);
    }

    private static Class<?> sequential(Class<?> operations) {
        for (Class<?> neighbour : operations.getEnclosingClass().getDeclaredClasses()) {
            if (neighbour.getSimpleName().equals("Sequential")) {
                return neighbour;
            }
        }
        throw new IllegalArgumentException(operations + " has no sequential twin");
    }
}
