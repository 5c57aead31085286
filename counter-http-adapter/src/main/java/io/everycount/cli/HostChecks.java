// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.journal.JournalRoot;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.management.JMException;
import javax.management.ObjectName;

/** Looks at this machine, and at the files that settings name. */
final class HostChecks {
    /** Beside connections: the jar, the database's, logs, and what the JVM has open. */
    private static final int OTHER_DESCRIPTORS = 200;
    /** A cell in each of some lanes, the key's text, and a place in a record. Rough. */
    private static final int BYTES_OF_KEY = 500;

    private static final double HEAP_SHARE = 0.8;
    private static final Duration CERTIFICATE_SOON = Duration.ofDays(14);

    private final Settings settings;
    private final List<Finding> findings = new ArrayList<>();

    private HostChecks(Settings settings) {
        this.settings = settings;
    }

    /** What was found. */
    static List<Finding> run(Settings settings) {
        HostChecks checks = new HostChecks(settings);
        checks.descriptors();
        checks.heap();
        checks.journal();
        checks.keysFile();
        checks.certificate();
        checks.tlsKey();
        checks.port("listen", settings.get(Setting.LISTEN));
        Address management = settings.find(Setting.MANAGEMENT_LISTEN);
        if (management != null) {
            checks.port("management-listen", management);
        }
        settings.conflicts().forEach(conflict -> checks.findings.add(Finding.fail("settings", conflict)));
        return checks.findings;
    }

    private void descriptors() {
        long limit;
        try {
            limit = (Long) ManagementFactory.getPlatformMBeanServer()
                    .getAttribute(new ObjectName("java.lang:type=OperatingSystem"), "MaxFileDescriptorCount");
        } catch (JMException | ClassCastException e) {
            findings.add(Finding.ok("open files", "this system does not tell its limit"));
            return;
        }
        long needed = (long) settings.get(Setting.MAX_CONNECTIONS) + OTHER_DESCRIPTORS;
        String detail = "the limit is " + Text.count(limit) + "; max-connections "
                + Text.count(settings.get(Setting.MAX_CONNECTIONS)) + " needs about " + Text.count(needed);
        findings.add(
                limit >= needed
                        ? Finding.ok("open files", detail)
                        : Finding.warn("open files", detail + ": raise it (ulimit -n), or lower max-connections"));
    }

    private void heap() {
        long heap = Runtime.getRuntime().maxMemory();
        long needed = (long) settings.get(Setting.MAX_KEYS) * BYTES_OF_KEY
                + settings.get(Setting.MAX_PENDING)
                + settings.get(Setting.RETAIN_BYTES);
        String detail = "at most " + mebibytes(heap) + "; " + Text.count(settings.get(Setting.MAX_KEYS))
                + " keys, pending and retained records may take very roughly " + mebibytes(needed);
        findings.add(
                needed <= heap * HEAP_SHARE
                        ? Finding.ok("heap", detail)
                        : Finding.warn("heap", detail + ": raise -Xmx, or lower max-keys"));
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", bytes >> 20);
    }

    private void journal() {
        Path root = settings.find(Setting.JOURNAL_DIR);
        if (root == null) {
            findings.add(Finding.ok("journal", "none: what is not flushed dies with the process"));
            return;
        }
        try {
            Files.createDirectories(root);
            Files.delete(Files.createTempFile(root, "doctor", null));
            long free = Files.getFileStore(root).getUsableSpace();
            long wanted = settings.get(Setting.JOURNAL_BYTES);
            findings.add(
                    free < wanted
                            ? Finding.warn(
                                    "journal",
                                    root + " has " + mebibytes(free) + " free, and journal-bytes is "
                                            + mebibytes(wanted))
                            : Finding.ok("journal", root + ", " + mebibytes(free) + " free"));
            for (JournalRoot.Entry entry : JournalRoot.list(root)) {
                if (entry.state() == JournalRoot.State.FORKED) {
                    findings.add(Finding.warn(
                            "journal", entry.directory() + " is not opened any more: " + entry.holderOrReason()));
                } else if (entry.state() == JournalRoot.State.UNREADABLE) {
                    findings.add(Finding.warn(
                            "journal", entry.directory() + " cannot be looked at: " + entry.holderOrReason()));
                } else if (entry.state() == JournalRoot.State.FREE) {
                    findings.add(
                            Finding.ok(
                                    "journal",
                                    entry.directory()
                                            + " is held by nobody: the next server to start adopts it, if it counts into the same database"));
                }
            }
        } catch (IOException e) {
            findings.add(Finding.fail("journal", root + " cannot be used: " + FileProblem.of(e)));
        }
    }

    private void keysFile() {
        Path file = settings.find(Setting.KEYS_FILE);
        if (file == null) {
            findings.add(
                    settings.get(Setting.ALLOW_ANONYMOUS)
                            ? Finding.warn("API keys", "none: everybody who reaches the port may write and read")
                            : Finding.ok("API keys", "none: everybody on this machine may write and read"));
        } else if (isReadable("API keys", file)) {
            privateFile("API keys", file);
        }
    }

    private void certificate() {
        Path file = settings.find(Setting.TLS_CERTIFICATE);
        if (file == null || !isReadable("TLS certificate", file)) {
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> chain =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (chain.isEmpty()) {
                findings.add(Finding.fail("TLS certificate", file + " holds no certificate in PEM"));
                return;
            }
            X509Certificate first = (X509Certificate) chain.iterator().next();
            Instant end = first.getNotAfter().toInstant();
            Duration left = Duration.between(Instant.now(), end);
            String detail = file + " is valid until " + end.truncatedTo(ChronoUnit.SECONDS);
            if (left.isNegative()) {
                findings.add(Finding.fail("TLS certificate", detail + ", which is past: renew it"));
            } else if (Instant.now().isBefore(first.getNotBefore().toInstant())) {
                findings.add(Finding.fail("TLS certificate", file + " is not valid yet: " + first.getNotBefore()));
            } else if (left.compareTo(CERTIFICATE_SOON) < 0) {
                findings.add(Finding.warn("TLS certificate", detail + ", in " + left.toDays() + " days: renew it"));
            } else {
                findings.add(Finding.ok("TLS certificate", detail));
            }
        } catch (IOException | GeneralSecurityException e) {
            findings.add(Finding.fail("TLS certificate", file + " cannot be read: " + FileProblem.of(e)));
        }
    }

    private void tlsKey() {
        Path file = settings.find(Setting.TLS_KEY);
        if (file == null || !isReadable("TLS key", file)) {
            return;
        }
        try {
            if (Files.readString(file).contains("-----BEGIN PRIVATE KEY-----")) {
                privateFile("TLS key", file);
            } else {
                findings.add(Finding.fail(
                        "TLS key",
                        file + " holds no unencrypted PKCS #8 key in PEM (BEGIN PRIVATE KEY); convert it: openssl"
                                + " pkcs8 -topk8 -nocrypt"));
            }
        } catch (IOException e) {
            findings.add(Finding.fail("TLS key", file + " cannot be read: " + FileProblem.of(e)));
        }
    }

    private boolean isReadable(String what, Path file) {
        if (Files.isRegularFile(file) && Files.isReadable(file)) {
            return true;
        }
        findings.add(Finding.fail(
                what, file + (Files.exists(file) ? " is not a file that we may read" : ": there is no such file")));
        return false;
    }

    private void privateFile(String what, Path file) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            String shown = PosixFilePermissions.toString(permissions);
            boolean othersRead = permissions.contains(PosixFilePermission.OTHERS_READ);
            boolean othersWrite = permissions.contains(PosixFilePermission.OTHERS_WRITE)
                    || permissions.contains(PosixFilePermission.GROUP_WRITE);
            findings.add(
                    othersRead || othersWrite
                            ? Finding.warn(
                                    what,
                                    file + " (" + shown + ") can be " + (othersWrite ? "changed" : "read")
                                            + " by others: chmod 600, unless its directory keeps them out")
                            : Finding.ok(what, file + " (" + shown + ")"));
        } catch (UnsupportedOperationException e) {
            findings.add(Finding.ok(what, file + " is readable"));
        } catch (IOException e) {
            findings.add(Finding.fail(what, file + " cannot be read: " + FileProblem.of(e)));
        }
    }

    private void port(String setting, Address address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(
                    address.host().isEmpty()
                            ? new InetSocketAddress(address.port())
                            : new InetSocketAddress(InetAddress.getByName(address.host()), address.port()));
            findings.add(Finding.ok(setting, address + " is free"));
        } catch (IOException e) {
            findings.add(Finding.fail(
                    setting,
                    address + ": " + FileProblem.of(e) + "; if that is not the server itself, choose another"));
        }
    }
}
