// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.CloseReport;
import io.everycount.CounterCache;
import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.JournalException;
import io.everycount.UnconfirmedException;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The process that is tortured: counts in every way on several threads, and writes a {@link Report}. Its standard input
 * says {@code pause}, {@code resume} or {@code stop}; when that ends, so does the process, and so none is left behind.
 *
 * <p>Arguments are {@code name=value}, see {@link Victim.Settings}.
 */
public final class CountingProcess {
    private static final Duration PAUSE_MAX = Duration.ofSeconds(30);
    private static final Duration CLOSE_MAX = Duration.ofSeconds(30);

    /** Status of a process whose journal could not be opened. */
    static final int NOT_OPENED = 4;

    private final Map<String, String> settings;
    private final Report report;
    private final List<Caller> callers = new ArrayList<>();
    private CounterCache cache;

    private CountingProcess(Map<String, String> settings) {
        this.settings = settings;
        this.report = new Report(Path.of(settings.get("report")));
    }

    /** What its answer begins with when it is told to explain itself. */
    static final String EXPLANATION = "stats: ";

    /** Counts until told to stop. */
    public static void main(String[] args) {
        Map<String, String> settings = new HashMap<>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            settings.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
        int status = 1;
        try {
            status = new CountingProcess(settings).run();
        } catch (Throwable t) {
            t.printStackTrace();
        }
        Runtime.getRuntime().halt(status);
    }

    private int run() throws IOException, InterruptedException {
        CounterSink sink = sink();
        report.line("o");
        try {
            cache = CounterCache.builder(sink)
                    .name("torture")
                    .journal(Path.of(settings.get("journal")))
                    .commitInterval(Duration.ofMillis(5))
                    .flushInterval(Duration.ofMillis(30))
                    .retryBackoff(Duration.ofMillis(5), Duration.ofMillis(100))
                    .ledgerCheckInterval(Duration.ofMillis(100))
                    .maxPendingBytes(number("pendingBytes"))
                    .journalBytes(number("journalBytes"))
                    .retain(Duration.ofMinutes(10), number("retainBytes"))
                    .listener(new Teller())
                    .build();
        } catch (JournalException e) {
            report.line("E " + e.getMessage());
            return NOT_OPENED;
        }
        Random random = new Random(number("seed"));
        for (int i = 0; i < number("threads"); i++) {
            boolean early = settings.get("acknowledge").equals("early");
            boolean overflowing = settings.get("guard").isEmpty();
            String name = settings.get("name") + "-" + i;
            callers.add(new Caller(cache, report, name, early, overflowing, random.nextLong()));
        }
        report.line("r " + cache.instanceId());
        callers.forEach(Thread::start);
        obey();
        return 0;
    }

    private long number(String name) {
        return Long.parseLong(settings.get(name));
    }

    private CounterSink sink() {
        String url = settings.get("url");
        CounterSink right = JdbcCounterSink.builder(url, settings.get("user"), settings.get("password"))
                .lockTimeout(Duration.ofMillis(400))
                .statementTimeout(Duration.ofMillis(800))
                .socketTimeout(Duration.ofMillis(1_600))
                .connectTimeout(Duration.ofMillis(500))
                .build();
        CounterSink chosen = right;
        if (!settings.get("guard").isEmpty()) {
            PGSimpleDataSource dataSource = new PGSimpleDataSource();
            dataSource.setUrl(url);
            dataSource.setUser(settings.get("user"));
            dataSource.setPassword(settings.get("password"));
            chosen = new CarelessSink(right, dataSource, CarelessSink.Guard.valueOf(settings.get("guard")));
        }
        return new FailpointSink(chosen, settings.get("halt"));
    }

    private void obey() throws IOException, InterruptedException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String word = in.readLine(); word != null; word = in.readLine()) {
            switch (word) {
                case "pause" -> {
                    callers.forEach(Caller::pause);
                    for (Caller caller : callers) {
                        caller.awaitIdle();
                    }
                    try {
                        cache.flush(PAUSE_MAX);
                        report.line("p");
                    } catch (UnconfirmedException e) {
                        report.line("! could not flush: " + e.getMessage());
                    }
                }
                case "explain" -> System.out.println("\n" + EXPLANATION + cache.stats() + "\n");
                case "resume" -> callers.forEach(Caller::goOn);
                case "stop" -> {
                    stop();
                    return;
                }
                default -> throw new IllegalArgumentException(word);
            }
        }
    }

    private void stop() throws InterruptedException {
        callers.forEach(Caller::end);
        for (Caller caller : callers) {
            caller.join();
        }
        CloseReport closed = cache.close(CLOSE_MAX);
        report.line("c " + closed.isComplete() + " " + closed.isJournaled());
    }

    private final class Teller implements CounterListener {
        @Override
        public void quarantined(String sink, List<QuarantinedEntry> entries) {
            report.line("q");
        }

        @Override
        public void rewound(String sink, long fromRecord, long toRecord) {
            report.line("w " + fromRecord + " " + toRecord);
        }

        @Override
        public void gapDeclared(String sink, long afterRecord, long upToRecord, long deltaSum) {
            report.line("g " + afterRecord + " " + upToRecord);
        }

        @Override
        public void adopted(UUID instanceId, long records) {
            report.line("a " + instanceId + " " + records);
        }

        @Override
        public void stopped(CounterStats.State state, String message) {
            report.line("! " + state + " " + message);
        }
    }
}
