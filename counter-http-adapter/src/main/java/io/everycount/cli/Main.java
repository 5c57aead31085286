// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.JournalException;
import io.everycount.sink.SinkException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The command line of the standalone jar. */
public final class Main {
    private static final int COLUMNS_MIN = 80;
    private static final int COLUMNS_MAX = 100;
    private static final int MISTAKE = 2;

    private Main() {}

    /** Runs a command; its exit status is the process's. */
    public static void main(String[] arguments) {
        Logging.prepare();
        Console console = Console.ofProcess();
        int status = commandLine(console, System.getenv(), arguments).execute(arguments);
        console.out().flush();
        System.exit(status);
    }

    /**
     * The commands, ready to execute: all of them, unless the first argument names one. To find out what every
     * command takes is a good part of the time that a start needs.
     */
    static CommandLine commandLine(Console console, Map<String, String> environment, String... arguments) {
        CommandLine commands = new CommandLine(new Everycount());
        List<Setting<?>> reading = List.of(
                Setting.DATABASE_URL,
                Setting.DATABASE_USER,
                Setting.DATABASE_PASSWORD,
                Setting.TABLE_PREFIX,
                Setting.PGBOUNCER);
        Map<String, Runnable> known = new LinkedHashMap<>();
        known.put("serve", () -> add(commands, new ServeCommand(console, environment), Setting.all()));
        known.put("load", () -> add(commands, new LoadCommand(console), List.of()));
        known.put("verify", () -> add(commands, new VerifyCommand(console, environment), reading));
        known.put("top", () -> add(commands, new TopCommand(console, environment), reading));
        known.put("keys", () -> add(commands, new KeysCommand(console, Clock.systemUTC()), List.of()));
        known.put("doctor", () -> add(commands, new DoctorCommand(console, environment), Setting.all()));
        known.put("journal", () -> addJournal(commands, new JournalCommand(console, environment), reading));
        Runnable wanted = arguments.length == 0 ? null : known.get(arguments[0]);
        if (wanted != null) {
            wanted.run();
        } else {
            known.values().forEach(Runnable::run);
        }
        addHelpAndVersion(commands.getCommandSpec());
        commands.setUsageHelpWidth(Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, console.columns())))
                .setUsageHelpLongOptionsMaxWidth(34)
                .setColorScheme(CommandLine.Help.defaultColorScheme(console.terminal() ? Ansi.ON : Ansi.OFF))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(UUID.class, Main::instanceId)
                .setAbbreviatedOptionsAllowed(false)
                .setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
                .setParameterExceptionHandler((mistake, given) -> tellMistake(mistake, console))
                .setExecutionExceptionHandler((failure, command, given) -> tell(failure, console));
        return commands;
    }

    private static void add(CommandLine commands, Object command, List<Setting<?>> settings) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(command);
        spec.usageMessage().abbreviateSynopsis(true).sortOptions(false);
        addHelpAndVersion(spec);
        if (!settings.isEmpty()) {
            SettingOptions.addTo(spec, settings);
        }
        commands.addSubcommand(spec.name(), spec);
    }

    private static void addJournal(CommandLine commands, JournalCommand journal, List<Setting<?>> reading) {
        add(commands, journal, List.of());
        CommandLine added = Objects.requireNonNull(commands.getSubcommands().get("journal"), "just added");
        added.getSubcommands().forEach((name, command) -> {
            CommandSpec spec = command.getCommandSpec();
            spec.usageMessage().sortOptions(false);
            if (JournalCommand.WITH_DATABASE.contains(name)) {
                SettingOptions.addTo(spec, reading);
            }
            addHelpAndVersion(spec);
        });
    }

    /** Always last in the list of options. */
    private static void addHelpAndVersion(CommandSpec command) {
        command.versionProvider(() -> new String[] {version()});
        command.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("This text")
                .build());
        command.addOption(OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("The version")
                .build());
    }

    private static UUID instanceId(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.TypeConversionException(
                    "'" + Text.printable(text, 40) + "' is not an instance's id; list shows them");
        }
    }

    /** By the jar's manifest. */
    private static String version() {
        @Nullable String version = Main.class.getPackage().getImplementationVersion();
        return "counter-http-adapter " + (version == null ? "(not from its jar)" : version) + ", Java "
                + Runtime.version();
    }

    private static int tellMistake(CommandLine.ParameterException mistake, Console console) {
        String message = String.valueOf(mistake.getMessage());
        List<String> suggestions = List.of();
        if (mistake instanceof CommandLine.UnmatchedArgumentException unmatched) {
            message = "unknown " + withoutValue(unmatched.getUnmatched().get(0));
            suggestions = unmatched.getSuggestions();
        }
        console.note(console.coloured(Console.Colour.BAD, "error: ") + message);
        if (!suggestions.isEmpty()) {
            console.note("did you mean " + String.join(" or ", suggestions) + "?");
        }
        console.note("try " + mistake.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        return MISTAKE;
    }

    /** The value of an option that does not exist may be a password; it is not repeated. */
    private static String withoutValue(String argument) {
        int equals = argument.indexOf('=');
        return argument.startsWith("-")
                ? "option " + (equals < 0 ? argument : argument.substring(0, equals))
                : "argument " + argument;
    }

    /** What went wrong while a command ran; only a defect of ours is worth a stack trace. */
    private static int tell(Exception failure, Console console) {
        String error = console.coloured(Console.Colour.BAD, "error: ");
        if (failure instanceof UsageError) {
            console.note(error + failure.getMessage());
            return MISTAKE;
        }
        if (failure instanceof InterruptedException) {
            console.note(error + "interrupted");
        } else if (failure instanceof SinkException
                || failure instanceof JournalException
                || failure instanceof IOException) {
            console.note(error + failure.getMessage());
        } else {
            console.note(error + "a defect; please report it with what follows");
            failure.printStackTrace(console.err());
        }
        return 1;
    }
}
