// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Tells how a load run goes, and how it went. */
final class LoadReport {
    private static final int WIDE = 100;

    private final LoadPlan plan;
    private final LoadTally tally;
    private long lastIncrements;
    private long lastNanos;

    LoadReport(LoadPlan plan, LoadTally tally) {
        this.plan = plan;
        this.tally = tally;
    }

    /**
     * A line about the time since the last one; percentiles are of that time alone.
     *
     * @param columns how wide it may be; if it is narrow, the sum is left out
     */
    String progress(long elapsedNanos, int columns) {
        long acknowledged = tally.increments(Outcome.ACKNOWLEDGED);
        long rejected = tally.increments(Outcome.REJECTED);
        long unknown = tally.increments(Outcome.UNKNOWN);
        long increments = acknowledged + rejected + unknown;
        Histogram latest = tally.latest();
        double perSecond = (increments - lastIncrements) * 1e9 / Math.max(1, elapsedNanos - lastNanos);
        lastIncrements = increments;
        lastNanos = elapsedNanos;
        return String.format(
                Locale.ROOT,
                "%4d s  %s%,d acknowledged, %,d rejected, %,d unknown  %s  p50 %s  p99 %s",
                elapsedNanos / 1_000_000_000,
                columns < WIDE ? "" : String.format(Locale.ROOT, "%,d sent, ", increments),
                acknowledged,
                rejected,
                unknown,
                Text.rate(perSecond),
                latency(latest, 50),
                latency(latest, 99));
    }

    /** The final table. */
    String table(long elapsedNanos) {
        StringBuilder text = new StringBuilder();
        Table outcomes = new Table("", "lrr").row("", "increments", "requests");
        for (Outcome outcome : Outcome.values()) {
            outcomes.row(
                    outcome.name().toLowerCase(Locale.ROOT),
                    Text.count(tally.increments(outcome)),
                    Text.count(tally.requests(outcome)));
        }
        long requests = 0;
        for (Outcome outcome : Outcome.values()) {
            requests += tally.requests(outcome);
        }
        outcomes.row("sent", Text.count(tally.increments()), Text.count(requests));
        outcomes.row(
                "a second",
                Text.rate(tally.increments() * 1e9 / Math.max(1, elapsedNanos)),
                Text.rate(requests * 1e9 / Math.max(1, elapsedNanos)));
        text.append(outcomes).append("\n\n");

        Table answers = new Table("", "lr").row("answer", "requests");
        for (Map.Entry<String, Long> answer : tally.answers().entrySet()) {
            answers.row(answer.getKey(), Text.count(answer.getValue()));
        }
        text.append(answers).append("\n\n");

        Histogram whole = tally.whole();
        text.append(new Table("", "lrrrrr")
                .row("latency", "p50", "p90", "p99", "p99.9", "max")
                .row(
                        "",
                        latency(whole, 50),
                        latency(whole, 90),
                        latency(whole, 99),
                        latency(whole, 99.9),
                        latency(whole, 100)));
        text.append(
                plan.rate() == 0
                        ? "\nfrom sending to the last byte of the answer; no rate was set, so that a slow server"
                                + " was sent less"
                        : "\nfrom when each request was due at " + Text.rate(plan.rate())
                                + ", corrected for coordinated omission");
        text.append("\nin ").append(Text.time(Duration.ofNanos(elapsedNanos)));
        return text.toString();
    }

    private static String latency(Histogram histogram, double percentile) {
        if (histogram.getTotalCount() == 0) {
            return "-";
        }
        return Text.time(Duration.ofNanos(histogram.getValueAtPercentile(percentile) * 1_000));
    }
}
