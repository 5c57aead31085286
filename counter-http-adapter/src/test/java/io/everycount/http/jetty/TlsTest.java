// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS with files that are made by the JDK's own keytool, and made again while the server runs. */
class TlsTest {
    private static final String HEAD = "GET /head HTTP/1.1\r\nHost: h\r\n\r\n";

    @TempDir
    private Path dir;

    private final TestRoutes routes = new TestRoutes();
    private TlsFiles files;
    private JettyFront front;

    @BeforeEach
    void start() throws Exception {
        files = new TlsFiles(dir.resolve("chain.pem"), dir.resolve("key.pem"));
        writePair("first", "RSA");
        front = new JettyFront(FrontSettings.defaults().withTls(files), routes, FrontListener.NONE);
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    private record Pair(String chain, String key) {}

    private Pair pair(String name, String algorithm) throws Exception {
        Path store = dir.resolve(name + "-" + algorithm + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        algorithm,
                        "-dname",
                        "CN=" + name,
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "password")
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), "password".toCharArray());
        return new Pair(
                pem("CERTIFICATE", keys.getCertificate("server").getEncoded()),
                pem(
                        "PRIVATE KEY",
                        keys.getKey("server", "password".toCharArray()).getEncoded()));
    }

    private static String pem(String what, byte[] encoded) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
        return "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n";
    }

    private void writePair(String name, String algorithm) throws Exception {
        Pair pair = pair(name, algorithm);
        replace(files.certificateChain(), pair.chain);
        replace(files.privateKey(), pair.key);
    }

    private void replace(Path file, String content) throws IOException {
        Path next = Files.writeString(dir.resolve("next"), content);
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    private RawClient connect(String... protocols) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAll()}, null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(RawClient.connect(front.port(), 0), "localhost", front.port(), true);
        if (protocols.length > 0) {
            socket.setEnabledProtocols(protocols);
        }
        socket.startHandshake();
        return new RawClient(socket);
    }

    private static String name(RawClient client) throws Exception {
        X509Certificate certificate =
                (X509Certificate) ((SSLSocket) client.socket()).getSession().getPeerCertificates()[0];
        return certificate.getSubjectX500Principal().getName();
    }

    private String served() throws Exception {
        try (RawClient client = connect()) {
            return name(client);
        }
    }

    private static final class TrustsAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void requests_go_over_tls_1_3_and_1_2_and_are_known_to_be_secure() throws Exception {
        for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
            try (RawClient client = connect(protocol)) {
                assertThat(client.send(HEAD).reply().body()).isEqualTo("/head null null 127.0.0.1 true");
                String body = "x".repeat(500_000);
                String post = "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n\r\n";
                assertThat(client.send(post + body).reply().body()).isEqualTo(body);
                assertThat(((SSLSocket) client.socket()).getSession().getProtocol())
                        .isEqualTo(protocol);
            }
        }
    }

    @Test
    void older_protocols_and_plain_text_are_refused() throws Exception {
        assertThatThrownBy(() -> connect("TLSv1.1")).isInstanceOf(SSLException.class);
        try (RawClient plain = new RawClient(front.port())) {
            plain.send(HEAD);
            byte[] said = new byte[64];
            while (true) {
                try {
                    if (plain.read(said) < 0) {
                        break;
                    }
                } catch (java.net.SocketException e) {
                    break;
                }
            }
        }
        assertThat(routes.routed).hasValue(0);
    }

    @Test
    void a_certificate_that_is_replaced_is_used_for_those_who_connect_from_then_on() throws Exception {
        try (RawClient old = connect()) {
            assertThat(name(old)).isEqualTo("CN=first");
            writePair("second", "EC");
            Await.until("the second is in use", () -> served().equals("CN=second"));
            assertThat(old.send(HEAD).reply().status())
                    .as("over the old connection")
                    .isEqualTo(200);
        }
    }

    @Test
    void files_that_do_not_fit_change_nothing() throws Exception {
        Pair second = pair("second", "RSA");
        Tls tls = new Tls(files);
        SSLContext before = tls.context().getSslContext();
        replace(files.certificateChain(), second.chain);
        tls.check();
        replace(files.certificateChain(), "nothing");
        tls.check();
        Files.delete(files.certificateChain());
        tls.check();
        assertThat(tls.context().getSslContext()).isSameAs(before);
        assertThat(served()).isEqualTo("CN=first");
        replace(files.certificateChain(), second.chain);
        replace(files.privateKey(), second.key);
        Await.until("the second is in use", () -> served().equals("CN=second"));
    }

    @Test
    void files_that_do_not_fit_at_the_start_are_explained() throws Exception {
        Pair second = pair("second", "RSA");
        String chain = Files.readString(files.certificateChain());
        Path otherKey = Files.writeString(dir.resolve("other.pem"), second.key);
        Path oldKey = Files.writeString(dir.resolve("old.pem"), second.key.replace(" PRIVATE", " RSA PRIVATE"));
        Path noChain = Files.writeString(dir.resolve("no.pem"), "");
        assertThat(chain).contains("CERTIFICATE");
        assertRefused(new TlsFiles(files.certificateChain(), otherKey), "not that of the first certificate");
        assertRefused(new TlsFiles(files.certificateChain(), oldKey), "openssl pkcs8 -topk8");
        assertRefused(new TlsFiles(noChain, files.privateKey()), "no certificate");
        assertRefused(new TlsFiles(dir.resolve("absent.pem"), files.privateKey()), "absent.pem");
    }

    private void assertRefused(TlsFiles bad, String message) {
        assertThatThrownBy(() -> new JettyFront(FrontSettings.defaults().withTls(bad), routes, FrontListener.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void slow_clients_are_cut_as_without_tls() throws Exception {
        JettyFront quick = new JettyFront(
                FrontSettings.defaults().withTls(files).withTimeouts(Duration.ofMillis(800), Duration.ofSeconds(1)),
                routes,
                FrontListener.NONE);
        quick.start();
        JettyFront usual = front;
        front = quick;
        try (RawClient handshake = new RawClient(quick.port());
                RawClient headers = connect();
                RawClient body = connect()) {
            headers.send("GET /hello HTTP/1.1\r\n");
            body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
            assertThat(body.reply().status()).isEqualTo(408);
            assertThat(headers.isEndedByServer()).isTrue();
            assertThat(handshake.isEndedByServer()).isTrue();
            assertThat(body.isEndedByServer()).isTrue();
            Await.until(
                    "all are gone", () -> Objects.requireNonNull(quick).stats().open() == 0);
        } finally {
            front = usual;
            quick.stop(Duration.ofSeconds(5));
        }
    }
}
