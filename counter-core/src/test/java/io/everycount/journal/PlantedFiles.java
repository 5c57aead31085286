// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Files with a mistake in them that a test has to notice. */
public final class PlantedFiles implements JournalFiles {
    private final JournalFiles files;
    private final Mistake mistake;

    /** What is wrong. */
    public enum Mistake {
        NONE,
        FORCE_DOES_NOTHING,
        FAILED_FORCE_IS_HIDDEN,
        FAILED_FORCE_IS_REPEATED,
        FAILED_WRITE_IS_HIDDEN,
        DIRECTORY_IS_NOT_FORCED,
        LAST_SEGMENT_IS_HIDDEN
    }

    public PlantedFiles(JournalFiles files, Mistake mistake) {
        this.files = files;
        this.mistake = mistake;
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        List<String> names = files.list(directory);
        if (mistake != Mistake.LAST_SEGMENT_IS_HIDDEN) {
            return names;
        }
        String last = names.stream()
                .filter(name -> SegmentName.parse(name) != null)
                .max(String::compareTo)
                .orElse("");
        return names.stream().filter(name -> !name.equals(last)).toList();
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        files.createDirectories(directory);
    }

    @Override
    public void createRoot(Path directory) throws IOException {
        files.createRoot(directory);
    }

    @Override
    public JournalFile open(Path file, boolean fresh) throws IOException {
        return new Planted(files.open(file, fresh));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        files.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        files.delete(path);
    }

    @Override
    public void force(Path directory) throws IOException {
        if (mistake != Mistake.DIRECTORY_IS_NOT_FORCED) {
            files.force(directory);
        }
    }

    @Override
    public @Nullable Closeable lock(Path file, String holder) throws IOException {
        return files.lock(file, holder);
    }

    @Override
    public String holder(Path file) throws IOException {
        return files.holder(file);
    }

    private final class Planted implements JournalFile {
        private final JournalFile file;

        Planted(JournalFile file) {
            this.file = file;
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            file.read(into, position);
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            try {
                file.write(from, position);
            } catch (IOException e) {
                if (mistake != Mistake.FAILED_WRITE_IS_HIDDEN) {
                    throw e;
                }
            }
        }

        @Override
        public void force() throws IOException {
            if (mistake == Mistake.FORCE_DOES_NOTHING) {
                return;
            }
            try {
                file.force();
            } catch (IOException e) {
                if (mistake == Mistake.FAILED_FORCE_IS_REPEATED) {
                    file.force();
                } else if (mistake != Mistake.FAILED_FORCE_IS_HIDDEN) {
                    throw e;
                }
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
