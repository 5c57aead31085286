// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputTest {
    private static final int BLOCK = 64;

    @TempDir
    Path directory;

    @Test
    void everyLineOfAFileIsReadOnceWhereverRangesEnd() throws Exception {
        List<String> lines = lines(2_000);
        Path file = write("log", String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
        for (long range : new long[] {1, 7, 64, 1_000, 1_000_000}) {
            assertThat(readAll(new Input(List.of(file.toString()), noInput(), range, BLOCK), 4))
                    .containsExactlyInAnyOrderElementsOf(lines);
        }
    }

    @Test
    void everyLineOfAStreamIsReadOnceByThreadsThatTakeTurns() throws Exception {
        List<String> lines = lines(2_000);
        byte[] bytes = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
        assertThat(readAll(input(List.of("-"), new Dribble(bytes)), 4)).containsExactlyInAnyOrderElementsOf(lines);
    }

    @Test
    void filesThatAreCompressedWithGzipAreReadLikeOthers() throws Exception {
        List<String> lines = lines(500);
        Path plain = write("plain", (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        Path compressed = write("compressed", gzip(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
        List<String> twice = new ArrayList<>(lines);
        twice.addAll(lines);
        Input input = input(List.of(compressed.toString(), plain.toString()), noInput());
        assertThat(readAll(input, 3)).containsExactlyInAnyOrderElementsOf(twice);
        assertThat(input.failures()).isEmpty();
    }

    @Test
    void compressedDataThatEndsTooSoonIsReportedAndTheOtherFilesAreRead() throws Exception {
        byte[] whole = gzip(String.join("\n", lines(50_000)).getBytes(StandardCharsets.UTF_8));
        Path cut = write("cut.gz", Arrays.copyOf(whole, whole.length / 2));
        Path other = write("other", "last\n".getBytes(StandardCharsets.UTF_8));
        Input input = input(List.of(cut.toString(), other.toString()), noInput());
        assertThat(readAll(input, 2)).contains("last");
        assertThat(input.failures())
                .singleElement()
                .asString()
                .contains("cut.gz could not be read to its end: the compressed data ends too soon");
    }

    @Test
    void aLineLongerThanABlockIsOneLineOfWhichTheBeginningIsSeen() throws Exception {
        String text = "short\n" + "x".repeat(1_000) + "\nafter\n" + "y".repeat(BLOCK) + "\nend";
        Path file = write("long", text.getBytes(StandardCharsets.UTF_8));
        for (long range : new long[] {1, 50, 1_000_000}) {
            Input input = new Input(List.of(file.toString()), noInput(), range, BLOCK);
            assertThat(readAll(input, 2))
                    .containsExactlyInAnyOrder("short", "x".repeat(BLOCK), "after", "y".repeat(BLOCK), "end");
            assertThat(input.overlong()).isEqualTo(2);
        }
        assertThat(readAll(input(List.of("-"), new Dribble(text.getBytes(StandardCharsets.UTF_8))), 2))
                .containsExactlyInAnyOrder("short", "x".repeat(BLOCK), "after", "y".repeat(BLOCK), "end");
    }

    @Test
    void aNamedPipeIsReadLikeAStream() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Input input = input(List.of(pipe.toString()), noInput());
        Process writer = new ProcessBuilder("sh", "-c", "printf 'a\\nb\\n' > \"$0\"", pipe.toString()).start();
        assertThat(readAll(input, 2)).containsExactlyInAnyOrder("a", "b");
        assertThat(input.failures()).isEmpty();
        assertThat(writer.waitFor()).isZero();
    }

    @Test
    void emptyLinesAreLinesAndAnEmptyFileHasNone() throws Exception {
        assertThat(readAll(input(List.of("-"), stream("\n\na\n\n")), 1)).containsExactly("", "", "a", "");
        assertThat(readAll(input(List.of(write("empty", new byte[0]).toString()), noInput()), 2))
                .isEmpty();
    }

    @Test
    void aFileThatCannotBeReadIsNamedBeforeAnythingStarts() throws Exception {
        String missing = directory.resolve("missing").toString();
        assertThatThrownBy(() -> input(List.of(missing), noInput()))
                .isInstanceOf(UserError.class)
                .hasMessage(missing + " does not exist");
        assertThatThrownBy(() -> input(List.of(directory.toString()), noInput()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("is a directory");
        Path zstd = write("a.zst", new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 1, 2});
        assertThatThrownBy(() -> input(List.of(zstd.toString()), noInput()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("zstd -dc FILE | examples/count-lines.sh");
    }

    private static Input input(List<String> files, InputStream standardInput) {
        return new Input(files, standardInput, 1_000, BLOCK);
    }

    private static List<String> lines(int count) {
        Random random = new Random(7);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(i + "x".repeat(random.nextInt(BLOCK - 8)));
        }
        return lines;
    }

    private static List<String> readAll(Input input, int threads) throws InterruptedException {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        List<Thread> running = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Input.Reader reader = input.reader();
            Thread thread = new Thread(() -> {
                for (LineBlocks.Block block = reader.next(); block != null; block = reader.next()) {
                    String text = new String(block.bytes, 0, block.length, StandardCharsets.UTF_8);
                    String[] parts = text.split("\n", -1);
                    int last = text.endsWith("\n") ? parts.length - 1 : parts.length;
                    lines.addAll(Arrays.asList(parts).subList(0, last));
                }
            });
            thread.start();
            running.add(thread);
        }
        for (Thread thread : running) {
            thread.join();
        }
        return lines;
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(directory.resolve(name), bytes);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static InputStream noInput() {
        return InputStream.nullInputStream();
    }

    /** Gives a few bytes at a time, as a pipe may. */
    private static final class Dribble extends ByteArrayInputStream {
        private final Random random = new Random(3);

        Dribble(byte[] bytes) {
            super(bytes);
        }

        @Override
        public synchronized int read(byte[] into, int offset, int length) {
            return super.read(into, offset, length == 0 ? 0 : 1 + random.nextInt(Math.min(length, 29)));
        }
    }
}
