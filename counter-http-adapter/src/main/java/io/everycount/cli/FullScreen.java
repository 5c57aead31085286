// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

/**
 * The whole terminal, keys read one by one, until it is closed: then it is as it was. By {@code stty}, where
 * there is one; without it, keys need Enter. Also given back if the process ends before.
 */
final class FullScreen implements AutoCloseable {
    private static final int ROWS = 24;
    private static final String ENTER = "\033[?1049h\033[?25l";
    private static final String LEAVE = "\033[?25h\033[?1049l";

    private final Console console;
    private final String before;
    private final Thread atExit = new Thread(this::restore, "terminal-restore");
    private boolean restored;

    FullScreen(Console console) {
        this.console = console;
        this.before = Stty.run("-g").strip();
        Runtime.getRuntime().addShutdownHook(atExit);
        Stty.run("-icanon", "-echo", "min", "1");
        print(ENTER);
    }

    /** How many rows and columns there are. */
    int[] size() {
        return Stty.size(ROWS, console.columns());
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
                Stty.run(before);
            }
        }
    }
}
