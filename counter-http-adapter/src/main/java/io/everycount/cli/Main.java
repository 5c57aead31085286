// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

/** The command line of the standalone jar. */
public final class Main {
    private Main() {}

    /** Runs a command; its exit status is the process's. */
    public static void main(String[] arguments) {
        System.err.println("no command yet");
        System.exit(2);
    }
}
