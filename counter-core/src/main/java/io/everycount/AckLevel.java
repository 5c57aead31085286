// SPDX-License-Identifier: Apache-2.0
package io.everycount;

/** What an acknowledged increment survives. Each level promises all of those before it. */
public enum AckLevel {
    /** It is counted: lost if the process dies before the next commit to the journal, or without one the next flush. */
    MEMORY,
    /**
     * It is in the journal, forced to disk: it survives the process, {@code kill -9}, and a power cut as far as the disk
     * keeps what it promises. A journal that is lost is lost.
     */
    JOURNAL,
    /**
     * It is in every required sink. Without a journal it does not survive that a database goes back in time, as an
     * asynchronous failover can make it, <em>and</em> this process dies.
     */
    SINK
}
