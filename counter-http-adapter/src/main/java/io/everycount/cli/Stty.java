// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The terminal by way of the command {@code stty}, where there is one. */
final class Stty {
    private static final File TERMINAL = new File("/dev/tty");
    private static final String SIZE = "[1-9][0-9]{0,3} [1-9][0-9]{0,3}";

    private Stty() {}

    /** How many rows and columns the terminal has, or what is given if it does not say. */
    static int[] size(int rows, int columns) {
        String size = run("size").strip();
        if (!size.matches(SIZE)) {
            return new int[] {rows, columns};
        }
        String[] numbers = size.split(" ");
        return new int[] {Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1])};
    }

    /** Its output; empty if it did not work. */
    static String run(String... arguments) {
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
