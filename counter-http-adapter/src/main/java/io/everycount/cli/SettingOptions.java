// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The settings as options of a command: what its help says of them, and what was given. */
final class SettingOptions {
    private static final String CONFIG = "--config";

    private SettingOptions() {}

    /** Adds some settings, and {@code --config}, to a command; its help shows them by group. */
    static void addTo(CommandSpec command, Collection<Setting<?>> settings) {
        ArgGroupSpec.Builder general = ArgGroupSpec.builder()
                .validate(false)
                .order(99)
                .heading("%nConfiguration: a flag, then the environment, then the file, then the default counts.%n"
                        + "TIME is 500ms, 1s, 2m or PT1S; SIZE is 4096, 64KiB or 8MiB.%n");
        general.addArg(OptionSpec.builder(CONFIG)
                .type(String.class)
                .paramLabel("FILE")
                .description("A properties file: flush-interval = 2s, and so on (EVERYCOUNT_CONFIG)")
                .build());
        command.addArgGroup(general.build());
        for (Setting.Group group : Setting.Group.values()) {
            List<? extends Setting<?>> some = settings.stream()
                    .filter(setting -> setting.group() == group)
                    .toList();
            if (!some.isEmpty()) {
                ArgGroupSpec.Builder options = ArgGroupSpec.builder()
                        .validate(false)
                        .order(100 + group.ordinal())
                        .heading("%n" + group.title + ":%n");
                some.forEach(setting -> options.addArg(option(setting)));
                command.addArgGroup(options.build());
            }
        }
    }

    private static OptionSpec option(Setting<?> setting) {
        boolean isFlag = setting.kind().label().equals("true|false");
        String about = setting.isSecret() ? aboutSecret(setting) : about(setting);
        OptionSpec.Builder option = OptionSpec.builder(setting.flag())
                .type(String.class)
                .paramLabel(setting.isSecret() ? "FILE" : setting.kind().label())
                .description(about.replace("%", "%%"));
        return (isFlag ? option.arity("0..1").fallbackValue("true") : option).build();
    }

    private static String about(Setting<?> setting) {
        String given = setting.defaultShown();
        List<String> facts = new ArrayList<>();
        String label = setting.kind().label();
        if (label.indexOf('|') < 0 && !label.equals("FILE")) {
            facts.add(setting.kind().allowed());
        }
        if (given != null && !given.isEmpty()) {
            facts.add("default " + given);
        }
        facts.add(setting.variable());
        return setting.description() + " (" + String.join("; ", facts) + ")";
    }

    private static String aboutSecret(Setting<?> setting) {
        return setting.description() + ", in a file; the secret itself is no flag, because every user of this machine"
                + " can see those (" + setting.variable() + "_FILE or " + setting.variable() + ")";
    }

    /**
     * Resolves the settings for a command that has been parsed.
     *
     * @throws UsageError with a line for each mistake
     */
    static Settings resolve(CommandSpec command, Map<String, String> environment) {
        ParseResult given = command.commandLine().getParseResult();
        Map<String, String> flags = new LinkedHashMap<>();
        for (OptionSpec option : given.matchedOptions()) {
            String flag = option.longestName();
            if (flag.equals(CONFIG) || isSetting(flag)) {
                flags.put(flag.substring(2), given.<String>matchedOptionValue(flag, ""));
            }
        }
        return new SettingSources(flags, environment).resolve();
    }

    private static boolean isSetting(String flag) {
        return Setting.all().stream().anyMatch(setting -> setting.flag().equals(flag));
    }
}
