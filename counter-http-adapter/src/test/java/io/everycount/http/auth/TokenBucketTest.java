// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBucketTest {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private static int takeAll(TokenBucket bucket, long nowNanos) {
        int taken = 0;
        while (bucket.tryTake(nowNanos) == 0) {
            taken++;
        }
        return taken;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 1_000, 123_457, 6_000_011, 9_999_999})
    void lets_a_second_of_requests_through_at_once_and_then_its_rate(int perSecond) {
        long now = -5;
        TokenBucket bucket = new TokenBucket(perSecond);
        assertThat(takeAll(bucket, now)).isEqualTo(perSecond);
        long allowed = perSecond;
        long begin = now;
        for (int i = 0; i < 50; i++) {
            now += SECOND_NANOS / 10;
            allowed += takeAll(bucket, now);
            double most = perSecond + perSecond * ((now - begin) / 1e9);
            assertThat((double) allowed).isLessThanOrEqualTo(most).isGreaterThan(most * 0.98 - 1);
        }
        assertThat(takeAll(bucket, now + 3_600 * SECOND_NANOS))
                .as("after a long pause")
                .isEqualTo(perSecond);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 999, 9_999_999})
    void says_exactly_how_long_to_wait(int perSecond) {
        long now = Long.MAX_VALUE - 10;
        TokenBucket bucket = new TokenBucket(perSecond);
        takeAll(bucket, now);
        long wait = bucket.tryTake(now);
        assertThat(wait).isBetween(1L, SECOND_NANOS);
        assertThat(bucket.tryTake(now + wait - 1)).isEqualTo(1);
        assertThat(bucket.tryTake(now + wait)).isZero();
        assertThat(bucket.tryTake(now + wait)).isPositive();
    }

    @Test
    void never_lets_more_through_than_allowed_whatever_the_order_of_threads() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        int perSecond = 5_000;
        int threads = 8;
        TokenBucket bucket = new TokenBucket(perSecond);
        AtomicLong clock = new AtomicLong();
        CountDownLatch ready = new CountDownLatch(threads);
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Long>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                RandomGenerator random =
                        RandomGeneratorFactory.of("L64X128MixRandom").create(seed + t);
                results.add(executor.submit(() -> {
                    ready.countDown();
                    ready.await();
                    long taken = 0;
                    for (int i = 0; i < 100_000; i++) {
                        // About 10 s in all; a thread may come with a time that others are past.
                        long now = clock.addAndGet(random.nextInt(25_000));
                        taken += bucket.tryTake(now) == 0 ? 1 : 0;
                    }
                    return taken;
                }));
            }
            long allowed = 0;
            for (Future<Long> result : results) {
                allowed += result.get();
            }
            double most = perSecond + perSecond * (clock.get() / 1e9);
            assertThat((double) allowed).isLessThanOrEqualTo(most).isGreaterThan(most * 0.99);
        } finally {
            executor.shutdownNow();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 10_000_000})
    void refuses_rates_that_it_cannot_keep(int perSecond) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenBucket(perSecond))
                .withMessageContaining("1 to 9999999");
    }
}
