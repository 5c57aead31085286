// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command without a subcommand: tells what there is. */
@Command(
        name = Everycount.NAME,
        header = "Counts increments that arrive over HTTP, and keeps exact totals in Postgres.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {"", "COMMAND --help tells more."},
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:done", "1:not done, or not as it should be", "2:a mistake in the command or a setting"})
final class Everycount implements Callable<Integer> {
    static final String NAME = "java -jar counter-http-adapter.jar";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        throw new UsageError(
                "which command? " + String.join(", ", spec.subcommands().keySet()) + "; --help tells what they do");
    }
}
