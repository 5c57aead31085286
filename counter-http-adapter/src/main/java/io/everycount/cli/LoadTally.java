// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** What became of the requests of a load run. Thread-safe, but for the histograms, which one thread asks for. */
final class LoadTally {
    private static final long MICROS_MAX = 3_600_000_000L;
    private static final int ANSWERS_MAX = 100;

    private final List<String> keys;
    private final AtomicLongArray acknowledgedOfKey;
    private final AtomicLongArray unknownOfKey;
    private final LongAdder[] increments = adders();
    private final LongAdder[] requests = adders();
    private final Map<String, AtomicLong> answers = new ConcurrentHashMap<>();
    private final Recorder recorder = new Recorder(MICROS_MAX, 3);
    private final Histogram sofar = new Histogram(MICROS_MAX, 3);

    LoadTally(List<String> keys) {
        this.keys = keys;
        this.acknowledgedOfKey = new AtomicLongArray(keys.size());
        this.unknownOfKey = new AtomicLongArray(keys.size());
    }

    private static LongAdder[] adders() {
        LongAdder[] adders = new LongAdder[Outcome.values().length];
        for (int i = 0; i < adders.length; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }

    /**
     * Notes a request.
     *
     * @param keyIndexes the keys of its increments
     * @param answer its status and title, or what went wrong; few different ones
     * @param nanos how long it took
     */
    void note(Outcome outcome, int[] keyIndexes, String answer, long nanos) {
        if (outcome != Outcome.REJECTED) {
            AtomicLongArray ofKey = outcome == Outcome.ACKNOWLEDGED ? acknowledgedOfKey : unknownOfKey;
            for (int index : keyIndexes) {
                ofKey.getAndIncrement(index);
            }
        }
        increments[outcome.ordinal()].add(keyIndexes.length);
        requests[outcome.ordinal()].increment();
        String name = answers.size() < ANSWERS_MAX || answers.containsKey(answer) ? answer : "others";
        answers.computeIfAbsent(name, any -> new AtomicLong()).incrementAndGet();
        recorder.recordValue(Math.min(MICROS_MAX, Math.max(0, nanos / 1_000)));
    }

    /** The increments with an outcome. */
    long increments(Outcome outcome) {
        return increments[outcome.ordinal()].sum();
    }

    /** The increments of all requests that have an outcome. */
    long increments() {
        long sum = 0;
        for (LongAdder adder : increments) {
            sum += adder.sum();
        }
        return sum;
    }

    /** The requests with an outcome. */
    long requests(Outcome outcome) {
        return requests[outcome.ordinal()].sum();
    }

    /** How many requests got which answer. */
    Map<String, Long> answers() {
        Map<String, Long> counts = new TreeMap<>();
        answers.forEach((answer, count) -> counts.put(answer, count.get()));
        return counts;
    }

    /** Latencies since this was last asked for, in microseconds. */
    Histogram latest() {
        Histogram latest = recorder.getIntervalHistogram();
        sofar.add(latest);
        return latest;
    }

    /** Latencies of the whole run, in microseconds. */
    Histogram whole() {
        latest();
        return sofar;
    }

    /** What is known of each key that something is known of, in the order of keys. */
    Map<String, RecordFile.Entry> entries() {
        Map<String, RecordFile.Entry> entries = new TreeMap<>();
        for (int i = 0; i < keys.size(); i++) {
            RecordFile.Entry entry = new RecordFile.Entry(acknowledgedOfKey.get(i), unknownOfKey.get(i));
            if (entry.acknowledged() != 0 || entry.unknown() != 0) {
                entries.put(keys.get(i), entry);
            }
        }
        return entries;
    }
}
