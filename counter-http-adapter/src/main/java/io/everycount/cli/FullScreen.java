// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The whole terminal, keys read one by one, until it is closed: then it is as it was. By {@code stty}, where
 * there is one; without it, keys need Enter. Also given back if the process ends before.
 */
final class FullScreen implements AutoCloseable {
    private static final File TERMINAL = new File("/dev/tty");
    private static final String ENTER = "\033[?1049h\033[?25l";
    private static final String LEAVE = "\033[?25h\033[?1049l";

    private final Console console;
    private final String before;
    private final Thread atExit = new Thread(this::restore, "terminal-restore");
    private boolean restored;

    FullScreen(Console console) {
        this.console = console;
        this.before = stty("-g").strip();
        Runtime.getRuntime().addShutdownHook(atExit);
        stty("-icanon", "-echo", "min", "1");
        print(ENTER);
    }

    /** How many rows and columns there are. */
    int[] size() {
        String[] size = stty("size").strip().split(" ");
        if (size.length == 2 && size[0].matches("[1-9][0-9]{0,3}") && size[1].matches("[1-9][0-9]{0,3}")) {
            return new int[] {Integer.parseInt(size[0]), Integer.parseInt(size[1])};
        }
        return new int[] {24, console.columns()};
    }

    /** Shows a text in place of the last one. */
    void show(String text) {
        print("\033[H" + text.replace("\n", "\033[K\n") + "\033[K\033[J");
    }

    private void print(String text) {
        console.out().print(text);
        console.out().flush();
    }

    @Override
    public void close() {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process ends already, and it runs.
        }
    }

    private synchronized void restore() {
        if (!restored) {
            restored = true;
            print(LEAVE);
            if (!before.isEmpty()) {
                stty(before);
            }
        }
    }

    /** Its output; empty if it did not work. */
    private static String stty(String... arguments) {
        List<String> command = new ArrayList<>(List.of("stty"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(TERMINAL)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return process.waitFor(2, TimeUnit.SECONDS) && process.exitValue() == 0 ? output : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
