// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.http.auth.ApiKey;
import io.everycount.http.auth.KeyFileException;
import io.everycount.http.auth.KeyRing;
import io.everycount.http.auth.Scope;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code keys}: API keys in a file. A running server takes notice within two seconds. */
@Command(
        name = "keys",
        header = "Makes, lists, rotates and revokes API keys.",
        description = {
            "",
            "A key is an id, a dot and a secret; clients send Authorization: Bearer id.secret. The file has only"
                    + " hashes of secrets: a secret is shown once, when it is made. A running server reads the file"
                    + " again within two seconds of a change."
        },
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "Examples:",
            "  keys create --file keys --scope write web-1",
            "  keys create --file keys --scope read --expires 90d --rate 10 grafana",
            "  keys rotate --file keys web-1      @|faint # then, when all clients have the new one:|@",
            "  keys revoke --file keys web-1 5e884898"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:done", "2:a mistake in the command, or a file that cannot be used"})
final class KeysCommand implements Callable<Integer> {
    private static final Duration EXPIRES_MAX = Duration.ofDays(3_650);

    private final Console console;
    private final Clock clock;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    KeysCommand(Console console, Clock clock) {
        this.console = console;
        this.clock = clock;
    }

    @Override
    public Integer call() {
        throw new UsageError(
                "which one? " + String.join(", ", spec.subcommands().keySet()) + "; --help tells what they do");
    }

    @Command(name = "create", header = "Makes a key for a new id, and shows its secret once.")
    int create(
            @Option(names = "--file", paramLabel = "FILE", required = true, description = "The key file") Path file,
            @Option(
                            names = "--scope",
                            paramLabel = "SCOPE",
                            required = true,
                            split = ",",
                            description = "write, read or admin (which is both); several with commas")
                    List<String> scopes,
            @Option(names = "--expires", paramLabel = "TIME", description = "For how long it is good, as in 90d")
                    @Nullable
                    String expires,
            @Option(
                            names = "--rate",
                            paramLabel = "N",
                            description = "How many requests a second it may send, 1 to 9999999")
                    @Nullable
                    Integer rate,
            @Parameters(paramLabel = "ID", description = "Who it is for: letters, digits, hyphens, underscores")
                    String id) {
        if (rate != null && (rate < 1 || rate > 9_999_999)) {
            throw new UsageError("--rate is " + rate + "; 1 to 9999999 is allowed");
        }
        EnumSet<Scope> wanted = EnumSet.noneOf(Scope.class);
        for (String scope : scopes) {
            wanted.add(scope(scope));
        }
        return made(file, ring -> ring.create(id, wanted, end(expires), rate));
    }

    @Command(name = "rotate", header = "Makes a second key for an id, as good as its first, which stays good.")
    int rotate(
            @Option(names = "--file", paramLabel = "FILE", required = true, description = "The key file") Path file,
            @Option(names = "--expires", paramLabel = "TIME", description = "For how long the new one is good")
                    @Nullable
                    String expires,
            @Parameters(paramLabel = "ID", description = "Whose") String id) {
        return made(file, ring -> ring.rotate(id, end(expires)));
    }

    @Command(name = "revoke", header = "Ends the keys of an id, or one of them.")
    int revoke(
            @Option(names = "--file", paramLabel = "FILE", required = true, description = "The key file") Path file,
            @Parameters(paramLabel = "ID", description = "Whose") String id,
            @Parameters(
                            paramLabel = "FINGERPRINT",
                            arity = "0..1",
                            description = "Which one, as list shows it; all of them if it is left out")
                    @Nullable
                    String fingerprint) {
        List<ApiKey> ended = using(file, ring -> ring.revoke(id, fingerprint));
        console.say("revoked " + ended.size() + (ended.size() == 1 ? " key of " : " keys of ") + id);
        return 0;
    }

    @Command(name = "list", header = "Lists the keys, without their secrets.")
    int list(@Option(names = "--file", paramLabel = "FILE", required = true, description = "The key file") Path file) {
        List<ApiKey> keys = using(file, KeyRing::list);
        Instant now = clock.instant();
        Table table = new Table("", "lllllr").row("id", "scopes", "fingerprint", "created", "expires", "rate");
        for (ApiKey key : keys) {
            Instant expires = key.expires();
            table.row(
                    key.id(),
                    key.scopeText(),
                    key.fingerprint(),
                    key.created().toString(),
                    expires == null ? "never" : expires + (key.isLive(now) ? "" : " (over)"),
                    key.requestsPerSecond() == null ? "default" : key.requestsPerSecond() + "/s");
        }
        console.say(table.toString().stripTrailing());
        return 0;
    }

    private int made(Path file, Function<KeyRing, KeyRing.Made> make) {
        KeyRing.Made made = using(file, make);
        console.note("The key of " + made.key().id() + ", shown this once; keep it secret:");
        console.say(made.credential());
        return 0;
    }

    private <T> T using(Path file, Function<KeyRing, T> action) {
        try {
            return action.apply(new KeyRing(file, clock));
        } catch (KeyFileException e) {
            throw new UsageError(String.valueOf(e.getMessage()));
        }
    }

    private @Nullable Instant end(@Nullable String expires) {
        if (expires == null) {
            return null;
        }
        String days = expires.endsWith("d") ? expires.substring(0, expires.length() - 1) : "";
        if (days.matches("[1-9][0-9]{0,3}") && Integer.parseInt(days) <= EXPIRES_MAX.toDays()) {
            return clock.instant()
                    .truncatedTo(java.time.temporal.ChronoUnit.SECONDS)
                    .plus(Duration.ofDays(Integer.parseInt(days)));
        }
        throw new UsageError("--expires is \"" + Text.printable(expires, 40) + "\"; 1d to 3650d is allowed");
    }

    private static Scope scope(String given) {
        for (Scope scope : Scope.values()) {
            if (scope.text().equals(given)) {
                return scope;
            }
        }
        throw new UsageError("--scope has \"" + Text.printable(given, 40) + "\"; write, read and admin are scopes");
    }
}
