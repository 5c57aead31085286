// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final long RETAIN = 6_400;

    /** The same, with the time of each record, and to the moment. */
    private static final class Model {
        private final List<Long> appliedAt = new ArrayList<>();

        void apply(int applied, long now) {
            while (appliedAt.size() > applied) {
                appliedAt.remove(appliedAt.size() - 1);
            }
            while (appliedAt.size() < applied) {
                appliedAt.add(now);
            }
        }

        int expired(long now) {
            int count = 0;
            while (count < appliedAt.size() && now - appliedAt.get(count) >= RETAIN) {
                count++;
            }
            return count;
        }
    }

    @Test
    void records_expire_when_they_have_been_applied_for_long_and_never_before() {
        long seed = Long.getLong("everycount.seed", new Random().nextLong());
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            Retention retention = new Retention();
            Model model = new Model();
            long now = random.nextLong();
            int applied = 0;
            for (int i = 0; i < 500; i++) {
                now += random.nextInt(10) == 0 ? random.nextInt(8_000) : random.nextInt(60);
                applied = random.nextInt(20) == 0
                        ? Math.max(0, applied - random.nextInt(30))
                        : applied + random.nextInt(4);
                model.apply(applied, now);
                long expired = retention.upTo(applied, now, RETAIN);
                // What was applied within a 64th part of the time goes together, and no later than that.
                assertThat(expired).as("seed %d", seed).isBetween((long) model.expired(now - RETAIN / 64), (long)
                        model.expired(now));
            }
        }
    }

    @Test
    void nothing_is_retained_for_no_time() {
        Retention retention = new Retention();
        assertThat(retention.upTo(5, 1, 0)).isEqualTo(5);
        assertThat(retention.upTo(3, 1, 0)).isEqualTo(3);
        assertThat(retention.upTo(4, 2, 0)).isEqualTo(4);
    }
}
