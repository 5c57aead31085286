// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code doctor}: where each setting came from, and whether the server would work with them. */
@Command(
        name = "doctor",
        header = "Prints every setting and where it came from, and checks what the server needs.",
        optionListHeading = "%nOptions:%n",
        description = {
            "",
            "Takes what serve takes: the same flags, environment and file. Changes nothing, in the database neither."
        },
        footer = {
            "",
            "Examples:",
            "  doctor --config everycount.properties",
            "  doctor --config everycount.properties --instances 5"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:no check failed", "1:a check failed", "2:a mistake in a setting"})
final class DoctorCommand implements Callable<Integer> {
    private static final int INSTANCES_MAX = 10_000;

    @Option(
            names = "--instances",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many servers with these settings share the database: 1 to 10000 (default:"
                    + " ${DEFAULT-VALUE})")
    private int instances;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Console console;
    private final Map<String, String> environment;

    DoctorCommand(Console console, Map<String, String> environment) {
        this.console = console;
        this.environment = environment;
    }

    @Override
    public Integer call() {
        LoadCommand.requireRange("--instances", instances, 1, INSTANCES_MAX);
        Settings settings = SettingOptions.resolve(spec, environment);
        Table table = new Table("", "lll").row("setting", "value", "from");
        for (Setting<?> setting : Setting.all()) {
            Settings.Value value = settings.value(setting);
            String shown = value.shown().isEmpty() ? "(empty)" : Text.printable(value.shown(), 60);
            table.row(setting.name(), shown, Text.printable(value.origin(), 80));
        }
        console.say(table.toString());
        console.say("");

        List<Finding> findings = new ArrayList<>(DatabaseChecks.run(settings, instances));
        findings.addAll(HostChecks.run(settings));
        settings.warnings().forEach(warning -> findings.add(Finding.warn("environment", warning)));
        int widest = findings.stream()
                .mapToInt(finding -> finding.what().length())
                .max()
                .orElse(0);
        for (Finding finding : findings) {
            console.say(console.coloured(colour(finding.level()), finding.level().shown) + "  " + finding.what()
                    + " ".repeat(widest - finding.what().length()) + "  " + finding.detail());
        }
        long failed = findings.stream()
                .filter(finding -> finding.level() == Finding.Level.FAIL)
                .count();
        if (failed > 0) {
            console.say("\n" + failed + (failed == 1 ? " check" : " checks") + " failed");
        }
        return failed == 0 ? 0 : 1;
    }

    private static Console.Colour colour(Finding.Level level) {
        return switch (level) {
            case OK -> Console.Colour.GOOD;
            case WARN -> Console.Colour.DOUBTFUL;
            case FAIL -> Console.Colour.BAD;
        };
    }
}
