// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.AtLeastOnceSink;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.RetriableSinkException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AtLeastOnceSinkContractTest {
    enum Fault {
        NONE,
        FAILURE_IS_SWALLOWED,
        LAST_KEY_IS_DROPPED,
        LOST_CONFIRMATION_IS_SWALLOWED,
        KEYS_ARE_TRIMMED,
        ADDING_UP_IS_RACY
    }

    static final class Receiver implements ReceiverUnderTest {
        private final Fault fault;
        private final Map<String, Long> received = new ConcurrentHashMap<>();
        private volatile boolean failsNext;
        private volatile boolean losesNext;

        Receiver(Fault fault) {
            this.fault = fault;
        }

        @Override
        public CounterSink openSink() {
            return new AtLeastOnceSink() {
                @Override
                protected void send(CounterBatch batch) {
                    receive(batch);
                }
            };
        }

        private void receive(CounterBatch batch) {
            if (failsNext) {
                failsNext = false;
                if (fault == Fault.FAILURE_IS_SWALLOWED) {
                    return;
                }
                throw new RetriableSinkException("refused", null);
            }
            int count = fault == Fault.LAST_KEY_IS_DROPPED && batch.size() > 1 ? batch.size() - 1 : batch.size();
            for (int i = 0; i < count; i++) {
                String key = fault == Fault.KEYS_ARE_TRIMMED ? batch.key(i).trim() : batch.key(i);
                if (fault == Fault.ADDING_UP_IS_RACY) {
                    long before = received.getOrDefault(key, 0L);
                    Thread.yield();
                    received.put(key, before + batch.delta(i));
                } else {
                    received.merge(key, batch.delta(i), Long::sum);
                }
            }
            if (losesNext) {
                losesNext = false;
                if (fault != Fault.LOST_CONFIRMATION_IS_SWALLOWED) {
                    throw new RetriableSinkException("cut", null);
                }
            }
        }

        @Override
        public Map<String, Long> received() {
            return Map.copyOf(received);
        }

        @Override
        public void failNextWrite() {
            failsNext = true;
        }

        @Override
        public void loseNextReply() {
            losesNext = true;
        }
    }

    static class Contract extends AtLeastOnceSinkContract {
        static Fault fault = Fault.NONE;

        @Override
        protected ReceiverUnderTest newReceiver() {
            return new Receiver(fault);
        }

        @Override
        protected Set<Capability> capabilities() {
            return Set.of(Capability.FAILURE, Capability.LOST_REPLY);
        }
    }

    @Test
    void aRightSinkPassesEverything() {
        Contract.fault = Fault.NONE;
        KitRun run = KitRun.of(Contract.class);
        assertThat(run.failed()).isEmpty();
        assertThat(run.neither()).isEmpty();
        assertThat(run.passed()).hasSize(13);
    }

    @ParameterizedTest
    @CsvSource({
        "FAILURE_IS_SWALLOWED, 'FAILURE: a write that fails leaves the mark, and arrives when sent again'",
        "LAST_KEY_IS_DROPPED, aBatchArrivesWholeAndMovesTheMark",
        "LOST_CONFIRMATION_IS_SWALLOWED, "
                + "'LOST_REPLY: a write without a confirmation leaves the mark and can be sent again'",
        "KEYS_ARE_TRIMMED, oddKeysArriveAsTheyAre",
        "ADDING_UP_IS_RACY, manyInstancesAtOnceLoseNothing"
    })
    void aBrokenSinkFailsTheTestThatIsMeantForIt(Fault fault, String test) {
        Contract.fault = fault;
        assertThat(KitRun.of(Contract.class).failed()).containsKey(test);
    }
}
