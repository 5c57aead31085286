// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.Mark;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which marks are known after how many others. */
class MarkHistoryTest {
    private static RecordLog.Point point(long number) {
        return new RecordLog.Point(new Mark(number, number * 31), number * 7, number * 3, number * 5);
    }

    @Test
    void the_last_marks_are_known_with_their_sums_and_the_oldest_go() {
        MarkHistory history = new MarkHistory();
        int marks = 5 * MarkHistory.MARKS_MIN;
        for (long i = 1; i <= marks; i++) {
            history.add(point(3 * i));
        }
        assertThat(history.oldest()).isLessThanOrEqualTo(3L * (marks - MarkHistory.MARKS_MIN + 1));
        for (long i = marks - MarkHistory.MARKS_MIN + 1; i <= marks; i++) {
            assertThat(history.at(3 * i)).isEqualTo(point(3 * i));
            assertThat(history.at(3 * i - 1)).isNull();
        }
        assertThat(history.at(3)).isNull();
        assertThat(history.at(3L * marks + 3)).isNull();
    }

    @Test
    void marks_come_in_any_order_and_again() {
        long seed = Long.getLong("everycount.seed", System.nanoTime());
        System.out.println("MarkHistoryTest: seed " + seed);
        Random random = new Random(seed);
        MarkHistory history = new MarkHistory();
        Map<Long, RecordLog.Point> known = new TreeMap<>();
        assertThat(history.oldest()).isZero();
        for (int i = 0; i < 2_000; i++) {
            long number = 1 + random.nextInt(3_000);
            history.add(point(number));
            known.put(number, point(number));
        }
        for (long number = 0; number <= 3_001; number++) {
            assertThat(history.at(number)).isEqualTo(known.get(number));
        }
    }
}
