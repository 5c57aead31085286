// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import io.everycount.cell.SipHash;

/**
 * Each record's digest covers its content and the digest before it, and, by the salt, fresh randomness for each
 * opening of a journal; so a record's number and digest together name one history, and not merely a length of it
 * (a hash chain: Lamport, 1981; {@link SipHash} keyed with the previous digest).
 */
public final class DigestChain {
    private DigestChain() {}

    /**
     * The digest after a record.
     *
     * @param before the digest before it, 0 before the first
     * @param salt of the opening under which it is made
     */
    public static long next(long before, long salt, long number, Entries entries) {
        SipHash hash = new SipHash(before, salt).update(number);
        entries.feed(hash);
        return hash.finish();
    }
}
