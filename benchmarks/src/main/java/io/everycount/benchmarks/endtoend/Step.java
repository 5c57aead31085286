// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.endtoend;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One load, and what became of it.
 *
 * @param offered increments a second
 * @param acknowledged increments
 * @param rejected increments, not counted
 * @param unknown increments without an answer that says
 * @param perSecond increments that got an answer, a second
 * @param p99 how long an answer took, as the load program puts it
 * @param refusal what the first refusal was, as "503"; empty if there was none
 * @param storedSeconds from the last answer until nothing was pending
 * @param isExact whether the database has what was acknowledged, key by key
 */
record Step(
        long offered,
        long acknowledged,
        long rejected,
        long unknown,
        long perSecond,
        String p99,
        String refusal,
        double storedSeconds,
        boolean isExact) {
    private static final Pattern REFUSAL = Pattern.compile("^(429|503)\\b", Pattern.MULTILINE);
    private static final Pattern LATENCY =
            Pattern.compile("^ *latency .*\\n *(\\S+ \\S+?) {2,}(\\S+ \\S+?) {2,}(\\S+ \\S+?) {2,}", Pattern.MULTILINE);

    /** Reads what the load program prints at its end. */
    static Step of(long offered, String output, double storedSeconds, boolean isExact) {
        Matcher refusal = REFUSAL.matcher(output);
        Matcher latency = LATENCY.matcher(output);
        return new Step(
                offered,
                number(output, "acknowledged"),
                number(output, "rejected"),
                number(output, "unknown"),
                number(output, "a second"),
                latency.find() ? latency.group(3) : "",
                refusal.find() ? refusal.group(1) : "",
                storedSeconds,
                isExact);
    }

    private static long number(String output, String row) {
        Matcher found =
                Pattern.compile("^ *" + row + " +([\\d,]+)", Pattern.MULTILINE).matcher(output);
        if (!found.find()) {
            throw new IllegalArgumentException("no row \"" + row + "\" in: " + output);
        }
        return Long.parseLong(found.group(1).replace(",", ""));
    }

    /** Whether it got clearly less than was offered. */
    boolean isSaturated() {
        return perSecond < 0.8 * offered;
    }
}
