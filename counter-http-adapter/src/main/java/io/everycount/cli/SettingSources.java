// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Resolves settings: flag, then environment, then properties file, then default. All mistakes are told at
 * once. Not thread-safe.
 */
final class SettingSources {
    private static final String PREFIX = "EVERYCOUNT_";
    private static final String TEST_PREFIX = "EVERYCOUNT_TEST_";
    private static final String CONFIG_VARIABLE = "EVERYCOUNT_CONFIG";
    /** Of commands, not of the server. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of(CONFIG_VARIABLE, HttpTarget.KEY_VARIABLE, HttpTarget.KEY_VARIABLE + "_FILE");

    private static final String FILE = "-file";
    private static final int SECRET_FILE_BYTES_MAX = 64 << 10;

    private final Map<String, String> flags;
    private final Map<String, String> environment;
    private final Map<String, String> properties = new TreeMap<>();
    private final List<String> mistakes = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private String configFile = "";

    /**
     * @param flags by name without hyphens: {@code flush-interval}, {@code database-password-file}, {@code config}
     * @param environment of the process
     */
    SettingSources(Map<String, String> flags, Map<String, String> environment) {
        this.flags = flags;
        this.environment = environment;
    }

    /**
     * The value of every setting.
     *
     * @throws UsageError with a line for each mistake
     */
    Settings resolve() {
        readConfig();
        reportUnknownVariables();
        Map<Setting<?>, Settings.Value> values = new LinkedHashMap<>();
        for (Setting<?> setting : Setting.all()) {
            values.put(setting, valueOf(setting));
        }
        if (!mistakes.isEmpty()) {
            throw new UsageError(String.join("\n       ", mistakes));
        }
        return new Settings(values, warnings);
    }

    /** In the order in which they count. */
    private enum Place {
        FLAG,
        ENVIRONMENT,
        FILE,
        DEFAULT
    }

    private record Given(String text, String origin, Place place) {}

    private Settings.Value valueOf(Setting<?> setting) {
        @Nullable Given given = setting.isSecret() ? givenSecret(setting) : given(setting.name(), setting.variable());
        if (given == null) {
            String text = setting.defaultText();
            return text == null
                    ? new Settings.Value(null, "(none)", "default")
                    : read(setting, new Given(text, "default", Place.DEFAULT));
        }
        if (given.place == Place.FLAG && setting == Setting.DATABASE_URL && DatabaseUrl.hasPassword(given.text)) {
            mistakes.add("the URL given by --database-url has a password, which everybody on this machine can see"
                    + " in the list of processes: use --database-password-file, or "
                    + Setting.DATABASE_PASSWORD.variable());
        }
        return read(setting, given);
    }

    private Settings.Value read(Setting<?> setting, Given given) {
        try {
            Object value = setting.kind().reader().apply(given.text);
            String shown = value instanceof Secret
                    ? value.toString()
                    : setting == Setting.DATABASE_URL ? DatabaseUrl.shown(given.text) : given.text;
            return new Settings.Value(value, shown, given.origin);
        } catch (IllegalArgumentException e) {
            String what = setting.isSecret()
                    ? "a value of " + given.text.length() + " characters"
                    : setting == Setting.DATABASE_URL ? DatabaseUrl.shown(given.text) : given.text;
            mistakes.add(setting.name() + " is '" + what + "' (" + given.origin + "); allowed: "
                    + setting.kind().allowedWithExample());
            return new Settings.Value(null, "", given.origin);
        }
    }

    /** What is given for a name: null if nothing is. An empty variable is none; compose files set such. */
    private @Nullable Given given(String name, String variable) {
        String flag = flags.get(name);
        if (flag != null) {
            return new Given(flag, "flag --" + name, Place.FLAG);
        }
        String value = environment.get(variable);
        if (value != null && !value.isEmpty()) {
            return new Given(value, "environment " + variable, Place.ENVIRONMENT);
        }
        String property = properties.get(name);
        return property == null ? null : new Given(property, configFile + ", key " + name, Place.FILE);
    }

    /** A secret comes from a source itself, or from a file that it names; one source may not do both. */
    private @Nullable Given givenSecret(Setting<?> setting) {
        Given value = given(setting.name(), setting.variable());
        Given file = given(setting.name() + FILE, setting.variable() + "_FILE");
        if (file == null || value != null && value.place.compareTo(file.place) < 0) {
            return value;
        }
        if (value != null && value.place == file.place) {
            mistakes.add("both " + setting.name() + " (" + value.origin + ") and the file that holds it (" + file.origin
                    + ") are given: leave one of them out");
        }
        return secretIn(file);
    }

    private @Nullable Given secretIn(Given file) {
        try {
            Path path = Path.of(file.text);
            if (Files.size(path) > SECRET_FILE_BYTES_MAX) {
                throw new IOException("it is longer than " + SECRET_FILE_BYTES_MAX + " bytes");
            }
            String text = Files.readString(path);
            String line = text.endsWith("\r\n")
                    ? text.substring(0, text.length() - 2)
                    : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
            return new Given(line, "file " + file.text + " (" + file.origin + ")", file.place);
        } catch (IOException | InvalidPathException e) {
            mistakes.add("the secret in " + file.text + " (" + file.origin + ") cannot be read: " + FileProblem.of(e));
            return null;
        }
    }

    private void readConfig() {
        Given given = given("config", CONFIG_VARIABLE);
        if (given == null) {
            return;
        }
        configFile = given.text;
        Properties file = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of(configFile), StandardCharsets.UTF_8)) {
            file.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            mistakes.add(
                    "the configuration " + configFile + " (" + given.origin + ") cannot be read: " + FileProblem.of(e));
            return;
        }
        Set<String> known = new TreeSet<>();
        for (Setting<?> setting : Setting.all()) {
            known.add(setting.name());
            if (setting.isSecret()) {
                known.add(setting.name() + FILE);
            }
        }
        for (String key : new TreeSet<>(file.stringPropertyNames())) {
            if (known.contains(key)) {
                properties.put(key, file.getProperty(key).strip());
            } else {
                mistakes.add(configFile + " has the key '" + key + "', which is no setting"
                        + didYouMean(Suggestion.nearest(key.toLowerCase(Locale.ROOT), known)));
            }
        }
    }

    /**
     * Only warns: an orchestrator sets variables of its own for a service that is called everycount, such as
     * EVERYCOUNT_SERVICE_HOST.
     */
    private void reportUnknownVariables() {
        Set<String> known = new TreeSet<>(OTHER_VARIABLES);
        for (Setting<?> setting : Setting.all()) {
            known.add(setting.variable());
            if (setting.isSecret()) {
                known.add(setting.variable() + "_FILE");
            }
        }
        for (String name : new TreeSet<>(environment.keySet())) {
            if (name.startsWith(PREFIX) && !name.startsWith(TEST_PREFIX) && !known.contains(name)) {
                warnings.add("the environment variable " + name + " is no setting and is ignored"
                        + didYouMean(Suggestion.nearest(name, known)));
            }
        }
    }

    private static String didYouMean(@Nullable String name) {
        return name == null ? "" : "; did you mean " + name + "?";
    }
}
