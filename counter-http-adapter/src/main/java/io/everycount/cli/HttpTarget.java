// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a command reaches adapters over HTTP: whom to trust, and which key to show. Options of commands. */
final class HttpTarget {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    private static final int KEY_FILE_BYTES_MAX = 4096;
    static final String KEY_VARIABLE = "EVERYCOUNT_API_KEY";

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            defaultValue = "${env:" + KEY_VARIABLE + "_FILE}",
            description = "A file with the API key to send (" + KEY_VARIABLE + "_FILE, or the key itself in "
                    + KEY_VARIABLE + ")")
    private @Nullable Path apiKeyFile;

    @Option(
            names = "--cacert",
            paramLabel = "FILE",
            description = "Certificates in PEM to trust instead of this JVM's, for https")
    private @Nullable Path cacert;

    @Option(names = "--insecure", description = "Trust any certificate, for https: for tests only")
    private boolean insecure;

    /** A client for questions: HTTP/1.1, no redirects, no proxy. */
    HttpClient client(Executor executor) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(CONNECT_MAX)
                .executor(executor);
        return builder.sslContext(tls()).build();
    }

    /** Connections for requests that count, not opened yet. */
    Function<URI, PostConnection> connections() {
        SSLContext tls = tls();
        return base -> new PostConnection(base, base.getScheme().equals("https") ? tls : null, !insecure);
    }

    private SSLContext tls() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trusted(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    private TrustManager @Nullable [] trusted() {
        if (insecure) {
            return new TrustManager[] {new TrustEverybody()};
        }
        if (cacert == null) {
            return null;
        }
        try (InputStream in = Files.newInputStream(cacert)) {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("trusted-" + store.size(), certificate);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (IOException | GeneralSecurityException e) {
            throw new UsageError("--cacert " + cacert + " cannot be read: " + FileProblem.of(e));
        }
    }

    /**
     * A request to a path of an adapter, with the API key if there is one.
     *
     * @param key as {@link #apiKey} returned it
     */
    static HttpRequest.Builder request(URI base, String path, @Nullable Secret key) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).header("User-Agent", "everycount");
        return key == null ? request : request.header("Authorization", "Bearer " + key.value());
    }

    /** The API key; null if none is given. */
    @Nullable
    Secret apiKey() {
        String given = System.getenv(KEY_VARIABLE);
        String from = KEY_VARIABLE;
        if (apiKeyFile != null) {
            from = "--api-key-file " + apiKeyFile;
            try {
                if (Files.size(apiKeyFile) > KEY_FILE_BYTES_MAX) {
                    throw new UsageError(from + " is longer than " + KEY_FILE_BYTES_MAX + " bytes: not an API key");
                }
                given = Files.readString(apiKeyFile);
            } catch (IOException e) {
                throw new UsageError(from + " cannot be read: " + FileProblem.of(e));
            }
        }
        if (given == null || given.isBlank()) {
            return null;
        }
        String key = given.strip();
        if (!key.matches("[!-~]+")) {
            throw new UsageError("the API key (" + from + ") has characters that no key has: spaces, line feeds or"
                    + " others that are not ASCII");
        }
        return new Secret(key);
    }

    /**
     * Reads the address of an adapter.
     *
     * @throws UsageError with what is allowed
     */
    static URI base(String url) {
        try {
            URI uri = URI.create(url);
            boolean isHttp = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            String path = uri.getRawPath();
            if (isHttp
                    && uri.getHost() != null
                    && uri.getRawQuery() == null
                    && uri.getRawUserInfo() == null
                    && (path == null || path.isEmpty() || path.equals("/"))) {
                return uri.resolve("/");
            }
        } catch (IllegalArgumentException e) {
            // Told below.
        }
        throw new UsageError("--url is '" + url + "'; allowed: http://host:port or https://host:port, without a path");
    }

    /** The host's name or address, without brackets. */
    static String host(URI base) {
        return base.getHost().replaceAll("^\\[|]$", "");
    }

    /** The port, or the scheme's own. */
    static int port(URI base) {
        return base.getPort() >= 0 ? base.getPort() : base.getScheme().equals("https") ? 443 : 80;
    }

    /**
     * Looks whether anybody listens.
     *
     * @throws IOException with what to do if nobody does
     */
    static void requireListener(URI base) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host(base), port(base)), (int) CONNECT_MAX.toMillis());
        } catch (IOException e) {
            throw new IOException(
                    "nobody listens at " + base + " (" + FileProblem.of(e) + "): is 'serve' running there?", e);
        }
    }

    private static final class TrustEverybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
