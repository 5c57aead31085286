// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * Secrets: 256 random bits, in 43 characters of URL-safe Base64. What is shorter or longer is none, so that
 * nobody can use a secret that they made up, which a fast hash would not protect. Thread-safe.
 */
final class Secrets {
    private static final int BITS = 256;
    private static final int CHARS = 43;

    private static final SecureRandom RANDOM = new SecureRandom();

    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(() -> {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    });

    private Secrets() {}

    /** Makes one. */
    static String next() {
        byte[] bytes = new byte[BITS / 8];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Whether what follows in a text, up to its end, is as long as a secret. */
    static boolean fits(String text, int from) {
        return text.length() - from == CHARS;
    }

    /** SHA-256 of the secret that follows in a text, up to its end; it has to fit. */
    static byte[] hash(String text, int from) {
        byte[] bytes = new byte[CHARS];
        for (int i = 0; i < CHARS; i++) {
            char c = text.charAt(from + i);
            // No secret has such characters; 0 is in none, either.
            bytes[i] = c < 0x80 ? (byte) c : 0;
        }
        return SHA_256.get().digest(bytes);
    }
}
