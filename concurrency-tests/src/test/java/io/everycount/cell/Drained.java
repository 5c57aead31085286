// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.function.Consumer;

/** What a drain takes, as one sum. */
final class Drained {
    private static final ThreadLocal<Collector> COLLECTOR = ThreadLocal.withInitial(Collector::new);

    private Drained() {}

    static long sum(Consumer<Collector> drain) {
        Collector collector = COLLECTOR.get();
        drain.accept(collector);
        long sum = 0;
        for (int i = 0; i < collector.size(); i++) {
            sum += collector.delta(i);
        }
        collector.clear();
        return sum;
    }
}
