// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LoadTlsTest {
    private static final char[] PASSWORD = "password".toCharArray();

    @TempDir
    Path directory;

    private final AtomicInteger requests = new AtomicInteger();
    private HttpsServer server;
    private Path certificate;

    @BeforeEach
    void start() throws Exception {
        Path store = directory.resolve("store.p12");
        certificate = directory.resolve("certificate.pem");
        keytool("-genkeypair", "-alias", "a", "-keyalg", "EC", "-dname", "CN=x", "-ext", "san=dns:localhost", store);
        keytool("-exportcert", "-rfc", "-alias", "a", "-file", certificate, store);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            requests.incrementAndGet();
            exchange.sendResponseHeaders(202, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void a_certificate_that_is_given_is_trusted() {
        CommandRun run = load("localhost", "--cacert", certificate.toString());
        assertThat(run.status()).as(run.all()).isZero();
        assertThat(requests).hasValue(20);
    }

    @Test
    void any_certificate_and_name_is_trusted_if_that_is_asked_for() {
        assertThat(load("127.0.0.1", "--insecure").status()).isZero();
        assertThat(requests).hasValue(20);
    }

    @Test
    void an_unknown_certificate_or_one_for_another_name_is_not_trusted_and_nothing_is_sent() {
        CommandRun unknown = load("localhost");
        CommandRun otherName = load("127.0.0.1", "--cacert", certificate.toString());

        for (CommandRun run : List.of(unknown, otherName)) {
            assertThat(run.status()).isOne();
            assertThat(run.out()).contains("no connection: TLS, ").containsPattern("rejected +20 ");
        }
        assertThat(requests).hasValue(0);
    }

    private CommandRun load(String host, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "load",
                "--increments",
                "20",
                "--connections",
                "2",
                "--url",
                "https://" + host + ":" + server.getAddress().getPort()));
        arguments.addAll(List.of(more));
        return CommandRun.of(arguments.toArray(String[]::new));
    }

    /** The last argument is the key store. */
    private static void keytool(Object... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        command.addAll(command.size() - 1, List.of("-storepass", new String(PASSWORD), "-keystore"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
    }
}
