// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import io.everycount.benchmarks.peers.AdapterPeer;
import io.everycount.benchmarks.peers.JdkPeer;
import io.everycount.benchmarks.peers.JettyPeer;
import io.everycount.benchmarks.peers.NettyPeer;
import java.nio.file.Path;
import java.util.List;

/**
 * A server to measure.
 *
 * @param name short, in lower case
 * @param command what starts it: {@code {java}} stands for the Java launcher, {@code {port}} for the port
 */
record Contender(String name, List<String> command) {
    /** The one that the others are there for. */
    static final String ADAPTER = "adapter";

    static final String NETTY = "netty";
    static final String SPRING = "spring";

    /** Where the build of the profile bench puts it. */
    static final Path SPRING_JAR = Path.of("benchmarks", "spring-peer", "target", "spring-peer.jar");

    /** Those that are measured if nothing else is asked for. */
    static List<Contender> all() {
        return List.of(
                main(ADAPTER, AdapterPeer.class),
                main(NETTY, NettyPeer.class),
                main("jetty", JettyPeer.class),
                main("jdk", JdkPeer.class),
                new Contender(SPRING, List.of("{java}", "-jar", SPRING_JAR.toString(), "--server.port={port}")));
    }

    private static Contender main(String name, Class<?> main) {
        String classPath = System.getProperty("java.class.path");
        return new Contender(name, List.of("{java}", "-cp", classPath, main.getName(), "{port}"));
    }

    /**
     * Reads {@code name=command}, words separated by spaces.
     *
     * @throws IllegalArgumentException if it is nothing of the kind
     */
    static Contender parse(String text) {
        int equals = text.indexOf('=');
        if (equals < 1 || !text.contains("{port}")) {
            throw new IllegalArgumentException(
                    "a server is given as name=command, with {port} in the command; not as " + text);
        }
        return new Contender(
                text.substring(0, equals),
                List.of(text.substring(equals + 1).strip().split(" +")));
    }

    /** The words of the command that starts it. */
    List<String> command(Path java, int port) {
        return command.stream()
                .map(word -> word.replace("{java}", java.toString()).replace("{port}", String.valueOf(port)))
                .toList();
    }
}
