// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import io.netty.util.Version;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.eclipse.jetty.util.Jetty;

/** What figures depend on: the machine, and the versions of everything. */
public final class Machine {
    private Machine() {}

    /** By name, in the order to show it. */
    public static Map<String, String> describe() throws IOException {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("processor", processor());
        all.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        all.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        all.put("jdk", System.getProperty("java.vendor") + " " + System.getProperty("java.runtime.version"));
        all.put(
                "netty",
                Version.identify().values().stream()
                        .map(Version::artifactVersion)
                        .findAny()
                        .orElse("?"));
        all.put("jetty", Jetty.VERSION);
        all.put("springBoot", springBoot());
        return all;
    }

    /** What figures depend on that have to do with no other server, in one line. */
    public static String line() throws IOException {
        return describe().entrySet().stream()
                .limit(4)
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "));
    }

    private static String processor() throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        if (!Files.exists(info)) {
            return System.getProperty("os.arch");
        }
        return Files.readAllLines(info).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }

    private static String springBoot() throws IOException {
        if (!Files.exists(Contender.SPRING_JAR)) {
            return "not built";
        }
        try (JarFile jar = new JarFile(Contender.SPRING_JAR.toFile())) {
            Manifest manifest = jar.getManifest();
            String version =
                    manifest == null ? null : manifest.getMainAttributes().getValue("Spring-Boot-Version");
            return version == null ? "?" : version;
        }
    }
}
