// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * How much room something takes in a jar.
 *
 * @param bytes of the jar, or of its entries as they are compressed
 * @param mebibytesMax the most that it may be; 0 if that is not ours to say
 */
record JarPart(String title, long bytes, int mebibytesMax) {
    /** What only the command line of the adapter needs. */
    private static final List<String> COMMAND_LINE =
            List.of("io/everycount/cli/", "picocli/", "org/HdrHistogram/", "ch/qos/logback/");

    private static final Path ADAPTER = Path.of("counter-http-adapter", "target", "counter-http-adapter.jar");

    /** What there is of jars, in the directory of the project. */
    static List<JarPart> measure() throws IOException {
        List<JarPart> parts = new ArrayList<>();
        if (Files.exists(ADAPTER)) {
            long server = bytes(ADAPTER, name -> COMMAND_LINE.stream().noneMatch(name::startsWith));
            parts.add(new JarPart("adapter without its command line", server, 8));
            parts.add(new JarPart("adapter", Files.size(ADAPTER), 16));
        }
        if (Files.exists(Contender.SPRING_JAR)) {
            parts.add(new JarPart("Spring Boot", Files.size(Contender.SPRING_JAR), 0));
        }
        return parts;
    }

    /** In units of 2^20 bytes. */
    double mebibytes() {
        return bytes / (double) (1 << 20);
    }

    /** The compressed bytes of the entries whose names are wanted. */
    static long bytes(Path jar, Predicate<String> wanted) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.stream()
                    .filter(entry -> wanted.test(entry.getName()))
                    .mapToLong(ZipEntry::getCompressedSize)
                    .sum();
        }
    }
}
