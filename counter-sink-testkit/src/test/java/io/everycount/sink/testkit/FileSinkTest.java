// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

class FileSinkTest extends CounterSinkContract {
    @TempDir
    Path directory;

    @Override
    protected StoreUnderTest emptyStore() {
        return new FileStore(directory.resolve(UUID.randomUUID() + ".properties"));
    }

    @Override
    protected Set<Capability> capabilities() {
        return Set.of(Capability.QUARANTINE, Capability.REWIND);
    }

    /** Reads the file itself, so that the sink cannot vouch for itself. */
    private record FileStore(Path file) implements StoreUnderTest {
        @Override
        public CounterSink openSink() {
            return new FileSink(file);
        }

        @Override
        public Map<String, Long> totals() {
            Properties state = read();
            return named("total.")
                    .collect(Collectors.toMap(
                            name -> name.substring("total.".length()), name -> Long.valueOf(state.getProperty(name))));
        }

        @Override
        public List<QuarantinedEntry> quarantined() {
            Properties state = read();
            return named("quarantine.")
                    .map(name -> state.getProperty(name).split(" ", 4))
                    .map(parts -> new QuarantinedEntry(parts[3], Long.parseLong(parts[2]), "overflow"))
                    .toList();
        }

        @Override
        public List<Gap> gaps() {
            Properties state = read();
            return named("gap.")
                    .map(name -> state.getProperty(name).split(" "))
                    .map(parts -> new Gap(
                            UUID.fromString(parts[0]),
                            new UUID(0, 0), // the file does not keep who declared it
                            new Mark(Long.parseLong(parts[1]), Long.parseLong(parts[2])),
                            new Mark(Long.parseLong(parts[3]), Long.parseLong(parts[4])),
                            Long.parseLong(parts[5])))
                    .toList();
        }

        @Override
        public Runnable snapshot() {
            try {
                byte[] before = Files.readAllBytes(file);
                return () -> {
                    try {
                        Files.write(file, before);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                };
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Stream<String> named(String prefix) {
            return read().stringPropertyNames().stream().filter(name -> name.startsWith(prefix));
        }

        private Properties read() {
            Properties state = new Properties();
            if (Files.exists(file)) {
                try (InputStream in = Files.newInputStream(file)) {
                    state.load(in);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return state;
        }
    }
}
