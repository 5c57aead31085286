// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AtLeastOnceSinkTest {
    private final UUID instance = UUID.randomUUID();
    private final UUID owner = UUID.randomUUID();
    private final List<CounterBatch> sent = new ArrayList<>();
    private Runnable onSend = () -> {};
    private final AtLeastOnceSink sink = new AtLeastOnceSink() {
        @Override
        protected void send(CounterBatch batch) {
            onSend.run();
            sent.add(batch);
        }
    };

    private CounterBatch batch(Mark from, Mark to) {
        return new CounterBatch(instance, owner, from, to, new byte[][] {{'a'}}, new long[] {1});
    }

    private LedgerEntry register(UUID token) {
        return sink.register(new Registration(instance, token, "test"));
    }

    @Test
    void aBatchIsSentOnceAndItsDuplicateRefused() {
        register(owner);
        CounterBatch batch = batch(Mark.ORIGIN, new Mark(1, 7));
        assertThat(sink.write(batch).isApplied()).isTrue();
        assertThat(sink.write(batch).isApplied()).isFalse();
        assertThat(sent).containsExactly(batch);
        assertThat(sink.delivery()).isEqualTo(CounterSink.Delivery.AT_LEAST_ONCE);
    }

    @Test
    void aSendThatFailsLeavesTheMarkSoThatTheBatchIsSentAgain() {
        register(owner);
        CounterBatch batch = batch(Mark.ORIGIN, new Mark(1, 7));
        onSend = () -> {
            throw new RetriableSinkException("down", null);
        };
        assertThatThrownBy(() -> sink.write(batch)).isInstanceOf(RetriableSinkException.class);
        assertThat(sink.ledger(instance)).map(LedgerEntry::mark).contains(Mark.ORIGIN);
        onSend = () -> {};
        assertThat(sink.write(batch).isApplied()).isTrue();
        assertThat(sink.ledger(instance)).map(LedgerEntry::mark).contains(batch.to());
    }

    @Test
    void evenASinkWithoutAClassNameHasAName() {
        assertThat(sink.name()).startsWith(AtLeastOnceSinkTest.class.getName());
        assertThat(new LoggingSink().name()).isEqualTo("LoggingSink");
    }

    @Test
    void withoutARegistrationNothingIsSent() {
        assertThat(sink.write(batch(Mark.ORIGIN, new Mark(1, 7))).isApplied()).isFalse();
        assertThat(sent).isEmpty();
        assertThat(sink.ledger(instance)).isEmpty();
    }

    @Test
    void aGapMovesTheMarkUnderTheGuard() {
        register(owner);
        Gap gap = new Gap(instance, owner, Mark.ORIGIN, new Mark(3, 9), 5);
        assertThat(sink.declareGap(gap).isApplied()).isTrue();
        assertThat(sink.declareGap(gap).isApplied()).isFalse();
        assertThat(sink.ledger(instance)).map(LedgerEntry::mark).contains(gap.to());
        assertThat(sink.quarantined(instance, 0, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void aRegistrationDuringASendWaitsForItAndStaysTheOwner() throws Exception {
        register(owner);
        CountDownLatch sending = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        onSend = () -> {
            sending.countDown();
            await(mayEnd);
        };
        CounterBatch batch = batch(Mark.ORIGIN, new Mark(1, 7));
        CompletableFuture<WriteResult> write = CompletableFuture.supplyAsync(() -> sink.write(batch));
        await(sending);

        UUID successor = UUID.randomUUID();
        CountDownLatch registering = new CountDownLatch(1);
        Thread registrar = new Thread(() -> {
            registering.countDown();
            register(successor);
        });
        registrar.start();
        await(registering);
        while (registrar.getState() != Thread.State.WAITING && registrar.isAlive()) {
            Thread.onSpinWait();
        }
        assertThat(registrar.isAlive()).as("waits for the send").isTrue();
        mayEnd.countDown();

        assertThat(write.get(60, TimeUnit.SECONDS).isApplied()).isTrue();
        registrar.join();
        LedgerEntry entry = sink.ledger(instance).orElseThrow();
        assertThat(entry.ownerToken()).isEqualTo(successor);
        assertThat(entry.mark()).isEqualTo(batch.to());
    }

    @Test
    void aSendDoesNotHoldOtherInstancesUp() throws Exception {
        register(owner);
        CountDownLatch sending = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        onSend = () -> {
            sending.countDown();
            await(mayEnd);
        };
        CompletableFuture<WriteResult> write =
                CompletableFuture.supplyAsync(() -> sink.write(batch(Mark.ORIGIN, new Mark(1, 7))));
        await(sending);
        for (int i = 0; i < 1_000; i++) {
            UUID other = UUID.randomUUID();
            sink.register(new Registration(other, owner, "other"));
            assertThat(sink.ledger(other)).isPresent();
        }
        mayEnd.countDown();
        assertThat(write.get(60, TimeUnit.SECONDS).isApplied()).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
