// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs a contract's tests as an author's build does, and keeps what came of each. */
final class KitRun implements TestExecutionListener {
    private final Set<String> passed = new ConcurrentSkipListSet<>();
    private final Map<String, Throwable> failed = new TreeMap<>();
    private final Set<String> neither = new ConcurrentSkipListSet<>();

    private KitRun() {}

    static KitRun of(Class<?> contract) {
        KitRun run = new KitRun();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(contract))
                                .build(),
                        run);
        return run;
    }

    Set<String> passed() {
        return passed;
    }

    Map<String, Throwable> failed() {
        return failed;
    }

    /** Skipped, or aborted by an assumption. */
    Set<String> neither() {
        return neither;
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        neither.add(name(test));
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == Status.ABORTED) {
            neither.add(name(test));
        } else if (result.getStatus() == Status.FAILED) {
            failed.put(name(test), result.getThrowable().orElseThrow());
        } else if (test.isTest()) {
            passed.add(name(test));
        }
    }

    private static String name(TestIdentifier test) {
        return test.getDisplayName().replaceFirst("\\(\\)$", "");
    }
}
