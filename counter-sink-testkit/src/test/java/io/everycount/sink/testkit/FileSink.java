// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;

/**
 * The example of docs/sink-authors.md: totals, ledger, quarantine and gaps in one properties file that
 * is replaced as a whole, so that the rename is the transaction. For one process.
 */
final class FileSink implements CounterSink {
    // All sinks on all files take turns. A write under way is waited for, and no two of them overlap.
    private static final Object TURN = new Object();

    private final Path file;

    FileSink(Path file) {
        this.file = file;
    }

    @Override
    public LedgerEntry register(Registration registration) {
        synchronized (TURN) {
            Properties state = load();
            Mark mark = entry(state, registration.instanceId())
                    .map(LedgerEntry::mark)
                    .orElse(Mark.ORIGIN);
            move(state, registration.instanceId(), registration.ownerToken(), mark);
            save(state);
            return entry(state, registration.instanceId()).orElseThrow();
        }
    }

    @Override
    public Optional<LedgerEntry> ledger(UUID instanceId) {
        synchronized (TURN) {
            return entry(load(), instanceId);
        }
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        synchronized (TURN) {
            Properties state = load();
            if (!holds(state, batch.instanceId(), batch.ownerToken(), batch.from())) {
                return WriteResult.refused();
            }
            List<QuarantinedEntry> refused = new ArrayList<>();
            for (int i = 0; i < batch.size(); i++) {
                String key = batch.key(i);
                long total = Long.parseLong(state.getProperty("total." + key, "0"));
                try {
                    state.setProperty("total." + key, String.valueOf(Math.addExact(total, batch.delta(i))));
                } catch (ArithmeticException e) {
                    refused.add(new QuarantinedEntry(key, batch.delta(i), "the total would overflow"));
                    append(state, "quarantine.", batch.instanceId(), batch.to().record(), batch.delta(i), key);
                }
            }
            move(state, batch.instanceId(), batch.ownerToken(), batch.to());
            save(state);
            return WriteResult.applied(refused);
        }
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        synchronized (TURN) {
            Properties state = load();
            List<QuarantinedEntry> found = new ArrayList<>();
            for (int i = 0; state.containsKey("quarantine." + i); i++) {
                String[] parts = state.getProperty("quarantine." + i).split(" ", 4);
                long record = Long.parseLong(parts[1]);
                if (parts[0].equals(instanceId.toString()) && record > afterRecord && record <= upToRecord) {
                    found.add(new QuarantinedEntry(parts[3], Long.parseLong(parts[2]), "the total would overflow"));
                }
            }
            return found;
        }
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        synchronized (TURN) {
            Properties state = load();
            if (!holds(state, gap.instanceId(), gap.ownerToken(), gap.from())) {
                return WriteResult.refused();
            }
            Mark from = gap.from();
            Mark to = gap.to();
            append(
                    state,
                    "gap.",
                    gap.instanceId(),
                    from.record(),
                    from.digest(),
                    to.record(),
                    to.digest(),
                    gap.deltaSum());
            move(state, gap.instanceId(), gap.ownerToken(), to);
            save(state);
            return WriteResult.applied();
        }
    }

    /** The guard: owner, number and digest, all equal. */
    private static boolean holds(Properties state, UUID instanceId, UUID ownerToken, Mark from) {
        return entry(state, instanceId)
                .filter(entry ->
                        entry.ownerToken().equals(ownerToken) && entry.mark().equals(from))
                .isPresent();
    }

    private static void move(Properties state, UUID instanceId, UUID ownerToken, Mark mark) {
        state.setProperty("ledger." + instanceId, ownerToken + " " + mark.record() + " " + mark.digest());
    }

    private static Optional<LedgerEntry> entry(Properties state, UUID instanceId) {
        String row = state.getProperty("ledger." + instanceId);
        if (row == null) {
            return Optional.empty();
        }
        String[] parts = row.split(" ");
        Mark mark = new Mark(Long.parseLong(parts[1]), Long.parseLong(parts[2]));
        return Optional.of(
                new LedgerEntry(UUID.fromString(state.getProperty("store")), UUID.fromString(parts[0]), mark));
    }

    private static void append(Properties state, String prefix, Object... parts) {
        int next = 0;
        while (state.containsKey(prefix + next)) {
            next++;
        }
        state.setProperty(
                prefix + next,
                String.join(" ", List.of(parts).stream().map(String::valueOf).toList()));
    }

    private Properties load() {
        Properties state = new Properties();
        if (!Files.exists(file)) {
            state.setProperty("store", UUID.randomUUID().toString());
            return state;
        }
        try (InputStream in = Files.newInputStream(file)) {
            state.load(in);
            return state;
        } catch (IOException e) {
            throw new RetriableSinkException("cannot read " + file, e);
        }
    }

    /** All or nothing, and on disk before the rename. */
    private void save(Properties state) {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            state.store(bytes, null);
            try (FileChannel channel = FileChannel.open(
                    next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes.toByteArray());
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
            if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                // Elsewhere a directory cannot be opened.
                try (FileChannel directory =
                        FileChannel.open(file.toAbsolutePath().getParent())) {
                    directory.force(true);
                }
            }
        } catch (IOException e) {
            // Before the rename or after it: the ledger tells.
            throw new RetriableSinkException("cannot replace " + file, e);
        }
    }
}
