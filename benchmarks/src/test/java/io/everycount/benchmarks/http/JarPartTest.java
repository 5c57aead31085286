// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JarPartTest {
    @Test
    void wanted_entries_count_with_their_compressed_bytes(@TempDir Path directory) throws Exception {
        Path jar = directory.resolve("a.jar");
        byte[] noise = new byte[10_000];
        new Random(1).nextBytes(noise);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (String name : new String[] {"picocli/A.class", "org/B.class"}) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(noise);
            }
            zip.putNextEntry(new ZipEntry("org/zeros"));
            zip.write(new byte[1_000_000]);
        }

        assertThat(JarPart.bytes(jar, name -> name.startsWith("picocli/"))).isBetween(10_000L, 10_100L);
        assertThat(JarPart.bytes(jar, name -> !name.startsWith("picocli/"))).isBetween(10_000L, 13_000L);
    }
}
