// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of TLS 1.2 and 1.3, and the certificate's renewal: {@link #check} reads both files and, if
 * they have changed and fit, new connections get the new certificate; the others keep what they have.
 */
final class Tls {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
    private static final long FILE_BYTES_MAX = 1 << 20;

    private final TlsFiles files;
    private final SslContextFactory.Server context = new SslContextFactory.Server();
    private final String password;
    private byte[] chain;
    private byte[] key;

    /**
     * Reads the files.
     *
     * @throws IllegalArgumentException if they do not hold what they should
     */
    Tls(TlsFiles files) {
        this.files = files;
        byte[] random = new byte[18];
        new SecureRandom().nextBytes(random);
        this.password = Base64.getEncoder().encodeToString(random);
        try {
            this.chain = read(files.certificateChain());
            this.key = read(files.privateKey());
            context.setKeyStore(store(chain, key));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "TLS with " + files.certificateChain() + " and " + files.privateKey() + ": " + e.getMessage(), e);
        }
        context.setKeyStorePassword(password);
        context.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        context.setRenegotiationAllowed(false);
    }

    SslContextFactory.Server context() {
        return context;
    }

    /** Looks whether the files have changed. By one thread. */
    void check() {
        byte[] newChain;
        byte[] newKey;
        try {
            newChain = read(files.certificateChain());
            newKey = read(files.privateKey());
        } catch (IOException e) {
            // Perhaps just being replaced; the next check looks again.
            LOG.warn("TLS files cannot be read, the old certificate stays: {}", e.toString());
            return;
        }
        if (Arrays.equals(newChain, chain) && Arrays.equals(newKey, key)) {
            return;
        }
        // Also if they do not fit: so that this is said once, not at each check.
        chain = newChain;
        key = newKey;
        try {
            KeyStore store = store(newChain, newKey);
            context.reload(reloaded -> ((SslContextFactory.Server) reloaded).setKeyStore(store));
            LOG.info("TLS: the certificate of {} is in use", files.certificateChain());
        } catch (Exception e) {
            LOG.error("TLS: {} do not fit, the old certificate stays: {}", files, e.toString());
        }
    }

    private KeyStore store(byte[] chainPem, byte[] keyPem) throws GeneralSecurityException, IOException {
        return PemKeyStore.of(chainPem, keyPem, password.toCharArray());
    }

    private static byte[] read(Path path) throws IOException {
        if (Files.size(path) > FILE_BYTES_MAX) {
            throw new IOException(path + " has more than " + FILE_BYTES_MAX + " bytes");
        }
        return Files.readAllBytes(path);
    }
}
