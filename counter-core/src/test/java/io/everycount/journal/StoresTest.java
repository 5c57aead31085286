// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static io.everycount.journal.JournalBench.ANY;
import static io.everycount.journal.JournalBench.SILENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.model.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a journal knows of the sinks and stores that need it. */
class StoresTest {
    private final JournalBench bench = new JournalBench(1, 1 << 14);

    @Test
    void one_that_is_not_suitable_is_not_even_opened() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 1);
        UUID store = new UUID(3, 4);
        journal.bindStore(1, store);
        journal.close();
        List<String> before = bench.files.list(journal.directory());
        for (int look = 0; look < 3; look++) {
            assertThatThrownBy(() -> bench.root.adopt(
                            Set.of(), (sinks, stores) -> "has " + sinks + ", the second " + stores.apply(1), SILENT))
                    .isInstanceOf(JournalOpenException.class)
                    .hasMessage("has 2, the second " + store);
        }
        assertThat(bench.files.list(journal.directory())).isEqualTo(before);
        try (Journal adopted = bench.root.adopt(Set.of(), ANY, SILENT)) {
            assertThat(adopted).isNotNull();
        }
    }

    @Test
    void one_that_all_sinks_have_everything_of_needs_none_of_them_until_it_is_opened_again() throws IOException {
        UUID id;
        try (Journal journal = bench.open()) {
            bench.append(journal, 1);
            journal.noteServed();
            id = journal.instanceId();
        }
        assertThat(sinksInNeed(id)).isZero();
        bench.open().close();
        assertThat(sinksInNeed(id)).isEqualTo(2);
        try (Journal journal = bench.open()) {
            journal.noteServed();
        }
        try (Journal other = bench.root.openOwn(1, SILENT)) {
            assertThat(other.instanceId()).as("it would miss what is added now").isNotEqualTo(id);
        }
    }

    private int sinksInNeed(UUID instanceId) throws IOException {
        Path directory = JournalBench.ROOT.resolve(instanceId.toString());
        return Stores.read(bench.files, instanceId, directory).sinksInNeed();
    }

    @Test
    void what_is_carried_over_needs_as_many_sinks_as_were_required_and_not_those_of_best_effort() throws IOException {
        Journal journal = bench.open();
        bench.append(journal, 1);
        journal.bindStore(2, new UUID(3, 4));
        journal.noteServed();
        journal.close();
        try (Journal old = bench.root.open(journal.instanceId(), true, SILENT)) {
            UUID to = bench.root.carryOver(old, old.recovered().records());
            assertThat(sinksInNeed(to)).isEqualTo(2);
        }
    }

    @Test
    void a_list_of_stores_that_makes_no_sense_is_refused() throws IOException {
        Journal journal = bench.open();
        journal.bindStore(0, new UUID(1, 2));
        journal.close();
        Path file = journal.directory().resolve(Stores.FILE);
        bench.files.overwrite(file, "everycount stores 2\n".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(bench::open).isInstanceOf(JournalOpenException.class).hasMessageContaining("stores 2");
        bench.files.overwrite(file, "everycount stores 1\n0 nonsense\n".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(bench::open)
                .isInstanceOf(CorruptJournalException.class)
                .hasMessageContaining("nonsense");
    }

    @Test
    void a_sink_is_bound_to_one_store_for_good() throws IOException {
        UUID store = new UUID(1, 2);
        Journal journal = bench.open();
        assertThat(journal.store(1)).isNull();
        journal.bindStore(1, store);
        journal.bindStore(1, store);
        assertThatThrownBy(() -> journal.bindStore(1, new UUID(3, 4))).isInstanceOf(IllegalStateException.class);
        journal.close();
        bench.files.crash();
        try (Journal again = bench.open()) {
            assertThat(again.store(1)).isEqualTo(store);
            assertThat(again.store(0)).isNull();
        }
    }

    @Test
    void a_store_that_is_noted_late_keeps_the_lock_until_it_is(@TempDir Path directory) throws Exception {
        CountDownLatch noting = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        DiskFiles disk = new DiskFiles();
        JournalFiles slow = (JournalFiles) Proxy.newProxyInstance(
                JournalFiles.class.getClassLoader(),
                new Class<?>[] {JournalFiles.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("rename")
                            && Thread.currentThread().getName().equals("late")) {
                        noting.countDown();
                        Await.on(goesOn);
                    }
                    try {
                        return method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        JournalSettings settings = new JournalSettings(1 << 14, 1 << 20, task -> {}, new Random(1), () -> 0);
        Journal first = new JournalRoot(directory, slow, settings).openOwn(1, SILENT);
        Thread late = new Thread(() -> bind(first), "late");
        late.start();
        Await.on(noting);
        Thread closing = new Thread(() -> close(first));
        closing.start();
        Await.until(() -> closing.getState() == Thread.State.BLOCKED);
        JournalRoot root = new JournalRoot(directory, disk, settings);
        try (Journal second = root.openOwn(2, SILENT)) {
            assertThat(second.instanceId()).isNotEqualTo(first.instanceId());
        }
        goesOn.countDown();
        late.join();
        closing.join();
        try (Journal again = root.open(first.instanceId(), true, SILENT)) {
            assertThat(again.store(0)).isEqualTo(new UUID(1, 2));
        }
        assertThatThrownBy(() -> first.bindStore(1, new UUID(1, 2))).isInstanceOf(IllegalStateException.class);
    }

    private static void bind(Journal journal) {
        try {
            journal.bindStore(0, new UUID(1, 2));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(Journal journal) {
        try {
            journal.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
