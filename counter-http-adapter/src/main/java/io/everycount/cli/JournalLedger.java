// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalRecord;
import io.everycount.journal.Recovered;
import io.everycount.sink.CounterSink;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * How a journal and the ledger of the database that its first sink leads to go together. Immutable.
 *
 * @param isFine whether who opens the journal can go on
 * @param verdict one sentence
 * @param missing the records that are not in the database, as far as it can be told
 */
record JournalLedger(boolean isFine, String verdict, List<JournalRecord> missing) {
    static JournalLedger compare(Journal journal, CounterSink sink) {
        Optional<LedgerEntry> entry = sink.ledger(journal.instanceId());
        Recovered found = journal.recovered();
        if (entry.isPresent()) {
            UUID bound = journal.store(0);
            UUID there = entry.get().storeId();
            if (bound != null && !bound.equals(there)) {
                return wrong("it was written to store " + bound + ", and this database is store " + there);
            }
        }
        Mark mark = entry.map(LedgerEntry::mark).orElse(Mark.ORIGIN);
        String where = entry.isEmpty()
                ? "the ledger has no entry for it"
                : "the ledger is at record " + Text.count(mark.record());
        if (mark.record() > found.lastNumber()) {
            return wrong(where + ", and the journal ends with record " + Text.count(found.lastNumber())
                    + ": somebody else wrote under this id, or the end of the journal is missing");
        }
        if (mark.record() < found.baseNumber()) {
            return wrong(where + ", and the journal begins after record " + Text.count(found.baseNumber())
                    + ": the database went back in time; what is in between is a gap, unless another copy has it");
        }
        if (!isKnown(found, mark)) {
            return wrong(
                    where + ", with a digest that is not in this journal's history, or in the midst of records that"
                            + " were summed up: it is forked, and whoever opens it stops");
        }
        List<JournalRecord> missing = found.records().stream()
                .filter(record -> record.number() > mark.record())
                .toList();
        return new JournalLedger(true, where + ", which is in this journal's history", missing);
    }

    private static boolean isKnown(Recovered found, Mark mark) {
        if (mark.record() == found.baseNumber()) {
            return mark.digest() == found.baseDigest();
        }
        return found.records().stream()
                .anyMatch(record -> record.number() == mark.record() && record.digest() == mark.digest());
    }

    private static JournalLedger wrong(String verdict) {
        return new JournalLedger(false, verdict, List.of());
    }
}
