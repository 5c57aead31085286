// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** A certificate chain and its key, from PEM. */
final class PemKeyStore {
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";

    private PemKeyStore() {}

    /**
     * A key store in memory with one entry.
     *
     * @param password of the entry
     * @throws GeneralSecurityException if the files' content is not what it should be, or the key is not the
     *     certificate's; the message says which, and nothing of the key
     */
    static KeyStore of(byte[] chainPem, byte[] keyPem, char[] password) throws GeneralSecurityException, IOException {
        Certificate[] chain = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(chainPem))
                .toArray(new Certificate[0]);
        if (chain.length == 0) {
            throw new GeneralSecurityException("no certificate in the chain's file");
        }
        PublicKey certified = chain[0].getPublicKey();
        PrivateKey key = key(keyPem, certified.getAlgorithm());
        checkPair(key, certified);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("server", key, password, chain);
        return store;
    }

    private static PrivateKey key(byte[] pem, String algorithm) throws GeneralSecurityException {
        String text = new String(pem, StandardCharsets.ISO_8859_1);
        int begin = text.indexOf(KEY_BEGIN);
        int end = text.indexOf(KEY_END, Math.max(begin, 0));
        if (begin < 0 || end < 0) {
            throw new InvalidKeyException("the key's file has no \"" + KEY_BEGIN
                    + "\"; convert it with: openssl pkcs8 -topk8 -nocrypt -in key.pem -out key8.pem");
        }
        byte[] encoded;
        try {
            encoded = Base64.getMimeDecoder().decode(text.substring(begin + KEY_BEGIN.length(), end));
        } catch (IllegalArgumentException e) {
            throw new InvalidKeyException("the key is not in Base64");
        }
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }

    /** So that a certificate that was replaced before its key is noticed here, not by every client. */
    private static void checkPair(PrivateKey key, PublicKey certified) throws GeneralSecurityException {
        String signing = switch (certified.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> certified.getAlgorithm();
        };
        byte[] probe = "everycount".getBytes(StandardCharsets.US_ASCII);
        Signature signature = Signature.getInstance(signing);
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(certified);
        signature.update(probe);
        if (!signature.verify(signed)) {
            throw new InvalidKeyException("the private key is not that of the first certificate");
        }
    }
}
