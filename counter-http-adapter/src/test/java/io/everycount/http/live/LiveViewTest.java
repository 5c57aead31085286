// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.ReplyStream;
import io.everycount.http.exchange.Response;
import io.everycount.jdbc.CounterTotals;
import io.everycount.sink.InMemorySink;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** One sampler for all who look. */
class LiveViewTest {
    private final CounterCache cache =
            CounterCache.builder(new InMemorySink()).flushOnlyWhenAsked().build();
    private final AtomicInteger looks = new AtomicInteger();
    private final LiveView live = new LiveView("test", this::stats, new FlushTimes(), null, Runnable::run);

    @AfterEach
    void close() {
        live.close();
        cache.close();
    }

    private CounterStats stats() {
        looks.incrementAndGet();
        return cache.stats();
    }

    /** Somebody who looks, and takes parts as long as it is told to. */
    private static final class Looker implements Exchange, ReplyStream {
        final List<String> parts = new CopyOnWriteArrayList<>();
        volatile boolean isTaking = true;
        volatile boolean isEnded;
        volatile Response refusal;
        private Runnable ended = () -> {};

        void go() {
            ended.run();
        }

        String all() {
            return String.join("", parts);
        }

        @Override
        public boolean offer(byte[] part) {
            if (isTaking && !isEnded) {
                parts.add(new String(part, StandardCharsets.UTF_8));
                return true;
            }
            return false;
        }

        @Override
        public void end(byte[] part) {
            parts.add(new String(part, StandardCharsets.UTF_8));
            isEnded = true;
            ended.run();
        }

        @Override
        public ReplyStream stream(Response head, Runnable onEnd) {
            ended = onEnd;
            offer(head.body());
            return this;
        }

        @Override
        public void reply(Response response) {
            refusal = response;
        }

        @Override
        public byte[] body() {
            return new byte[0];
        }

        @Override
        public int bodyLength() {
            return 0;
        }

        @Override
        public String method() {
            return "GET";
        }

        @Override
        public String path() {
            return "/events";
        }

        @Override
        public String query() {
            return null;
        }

        @Override
        public String header(String name) {
            return null;
        }

        @Override
        public String remoteAddress() {
            return "127.0.0.1";
        }

        @Override
        public boolean isSecure() {
            return false;
        }
    }

    private Looker open(BooleanSupplier admitted) {
        Looker looker = new Looker();
        live.open(looker, admitted);
        return looker;
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void what_changes_is_sent_to_all_of_them() throws Exception {
        Looker first = open(() -> true);
        Looker second = open(() -> true);
        cache.add("a", Long.MAX_VALUE / 8);
        cache.flush(Duration.ofSeconds(20));
        String sum = "\"accepted\":\"" + Long.MAX_VALUE / 8 + "\",\"persisted\":\"" + Long.MAX_VALUE / 8
                + "\",\"pending\":\"0\"";
        await("both see it", () -> first.all().contains(sum) && second.all().contains(sum));
        assertThat(first.parts.get(0)).isEqualTo("retry: 2000\n\n");
        assertThat(first.parts.get(1)).startsWith("event: now\ndata: {").endsWith("}\n\n");
    }

    @Test
    void it_samples_only_while_somebody_looks() {
        assertThat(live.isSampling()).isFalse();
        for (int round = 0; round < 2; round++) {
            Looker looker = open(() -> true);
            int before = looks.get();
            await("it looks", () -> looks.get() > before + 2);
            looker.go();
            await("it ends", () -> !live.isSampling());
            assertThat(live.viewers()).isZero();
        }
    }

    @Test
    void who_does_not_take_what_there_is_gets_the_latest_later_and_nothing_in_between() throws Exception {
        Looker slow = open(() -> true);
        Looker quick = open(() -> true);
        await("both have something", () -> slow.parts.size() > 1 && quick.parts.size() > 1);
        slow.isTaking = false;
        int taken = slow.parts.size();
        for (int sum = 1; sum <= 3; sum++) {
            cache.add("a", 1);
            cache.flush(Duration.ofSeconds(20));
            String seen = "\"accepted\":\"" + sum + "\"";
            await("the quick one sees " + sum, () -> quick.all().contains(seen));
        }
        assertThat(slow.parts).hasSize(taken);
        slow.isTaking = true;
        await("it gets the latest", () -> slow.parts.size() > taken);
        assertThat(slow.parts.get(taken)).contains("\"accepted\":\"3\"");
        assertThat(slow.all()).doesNotContain("\"accepted\":\"1\"").doesNotContain("\"accepted\":\"2\"");
    }

    @Test
    void who_may_not_look_any_more_is_told_and_ended_and_others_go_on() {
        AtomicBoolean admitted = new AtomicBoolean(true);
        Looker out = open(admitted::get);
        Looker stays = open(() -> true);
        await("both have something", () -> out.parts.size() > 1 && stays.parts.size() > 1);
        admitted.set(false);
        await("it is ended", () -> out.isEnded);
        assertThat(out.parts.get(out.parts.size() - 1)).isEqualTo("event: logged-out\ndata: null\n\n");
        int before = stays.parts.size();
        await("the other goes on", () -> stays.parts.size() > before);
        assertThat(stays.isEnded).isFalse();
    }

    @Test
    void beyond_the_limit_nobody_gets_in_until_somebody_goes() {
        List<Looker> lookers = new ArrayList<>();
        for (int i = 0; i < LiveView.STREAMS_MAX; i++) {
            lookers.add(open(() -> true));
        }
        Looker tooMany = open(() -> true);
        assertThat(tooMany.refusal.status()).isEqualTo(503);
        assertThat(lookers).allMatch(looker -> looker.refusal == null);
        lookers.get(7).go();
        assertThat(open(() -> true).refusal).isNull();
        assertThat(live.viewers()).isEqualTo(LiveView.STREAMS_MAX);
    }

    @Test
    void a_read_that_found_no_thread_is_not_the_last_one() {
        AtomicInteger reads = new AtomicInteger();
        try (LiveView view = new LiveView(
                "test",
                cache::stats,
                new FlushTimes(),
                CounterTotals.of(new PGSimpleDataSource(), "everycount_"),
                read -> {
                    if (reads.getAndIncrement() == 0) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                })) {
            Looker looker = new Looker();
            view.open(looker, () -> true);
            await("it says so", () -> looker.all().contains("data: {\"problem\":\"The database could not be read"));
            await("it is tried again", () -> reads.get() == 2);
        }
    }

    @Test
    void an_end_tells_all_and_takes_nobody_more() {
        Looker looker = open(() -> true);
        live.close();
        assertThat(looker.isEnded).isTrue();
        assertThat(looker.parts.get(looker.parts.size() - 1)).isEqualTo("event: stopping\ndata: null\n\n");
        assertThat(open(() -> true).refusal.status()).isEqualTo(503);
        assertThat(live.viewers()).isZero();
        assertThat(live.isSampling()).isFalse();
    }

    @Test
    void quantiles_are_of_the_last_flushes() {
        FlushTimes times = new FlushTimes();
        assertThat(times.quantiles()).isNull();
        times.add(7);
        assertThat(times.quantiles()).isEqualTo(new FlushTimes.Quantiles(1, 7, 7));
        for (int i = 1; i <= 600; i++) {
            times.add(i);
        }
        // Of 89 to 600: 256 are at most 344, and 507 at most 595.
        assertThat(times.quantiles()).isEqualTo(new FlushTimes.Quantiles(512, 344, 595));
    }
}
