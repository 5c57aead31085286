// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

/**
 * What a writer has counted about its sink so far. Immutable.
 *
 * @param batches written
 * @param retries attempts that failed
 * @param rewinds how often the sink went back in time
 * @param replayedRecords how many records it gets again because of that
 * @param gaps how often records were not here any more then
 */
record Tally(long batches, long retries, long rewinds, long replayedRecords, long gaps) {
    static final Tally ZERO = new Tally(0, 0, 0, 0, 0);

    Tally batch() {
        return new Tally(batches + 1, retries, rewinds, replayedRecords, gaps);
    }

    Tally retry() {
        return new Tally(batches, retries + 1, rewinds, replayedRecords, gaps);
    }

    Tally rewind(long records) {
        return new Tally(batches, retries, rewinds + 1, replayedRecords + records, gaps);
    }

    Tally gap() {
        return new Tally(batches, retries, rewinds, replayedRecords, gaps + 1);
    }
}
