// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.UUID;

/** Is told how far the reading of a journal has come: several times a second, and at the end. */
@FunctionalInterface
public interface RecoveryProgress {
    /**
     * @param bytesTotal of the journal's segments
     * @param records found so far
     */
    void recovering(UUID instanceId, long bytesDone, long bytesTotal, long records);
}
