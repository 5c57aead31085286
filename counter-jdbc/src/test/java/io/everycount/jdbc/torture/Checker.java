// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.jdbc.faults.Books;
import io.everycount.jdbc.testing.TestDatabase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Compares everything that was ever in a journal with what is in the database, when all is settled. Key by key:
 *
 * <ol>
 *   <li>The sum of all records = stored + quarantined + what is in declared gaps.
 *   <li>On keys of a process's own: acknowledged <= stored <= attempted; and stored = attempted if it was closed in peace.
 *   <li>Each instance's ledger is at its last record, with that record's digest.
 * </ol>
 *
 * <p>The first is what finds a count that was written twice: the second one does not, as long as it stays below what
 * was attempted. The second is what finds a loss before the journal.
 */
final class Checker {
    /** What keys begin with that one caller alone counts on. */
    static final String OWN = "own/";

    private static final int EXAMPLES = 5;

    private final TestDatabase database;
    private final List<String> violations = new ArrayList<>();

    private Checker(TestDatabase database) {
        this.database = database;
    }

    /** What does not hold; empty if everything does. */
    static List<String> check(TestDatabase database, Map<UUID, ArchivedJournal> journals, Collection<Victim> victims) {
        Checker checker = new Checker(database);
        Books books = Books.of(database);
        journals.values().forEach(journal -> checker.violations.addAll(journal.violations()));
        checker.compareJournals(journals, books);
        checker.compareAcknowledgements(victims, books);
        checker.compareLedger(journals);
        return checker.violations;
    }

    private void compareJournals(Map<UUID, ArchivedJournal> journals, Books books) {
        Map<String, Long> expected = new HashMap<>();
        journals.values().forEach(journal -> journal.addTo(expected, 0, Long.MAX_VALUE, 1));
        for (String row : database.query("SELECT instance_id, from_record, to_record FROM everycount_gap")) {
            String[] gap = row.split("\\|");
            journals.get(UUID.fromString(gap[0])).addTo(expected, Long.parseLong(gap[1]), Long.parseLong(gap[2]), -1);
        }
        Map<String, Long> difference = books.difference(expected);
        if (!difference.isEmpty()) {
            violations.add("stored + quarantined + gaps - journals is not 0 in " + difference.size() + " keys, in all "
                    + Books.sum(difference) + ": " + some(difference));
        }
    }

    private void compareAcknowledgements(Collection<Victim> victims, Books books) {
        Map<String, Long> early = new HashMap<>();
        Map<String, Long> late = new HashMap<>();
        for (Victim victim : victims) {
            if (!victim.isDiscarded()) {
                victim.attempted().forEach((key, attempted) -> {
                    long acknowledged = victim.acknowledged().getOrDefault(key, 0L);
                    long least = victim.isComplete() ? attempted : acknowledged;
                    long stored =
                            books.totals().getOrDefault(key, 0L) + books.held().getOrDefault(key, 0L);
                    if (stored < least) {
                        early.put(key, stored - least);
                    }
                    if (stored > attempted) {
                        late.put(key, stored - attempted);
                    }
                });
            }
        }
        if (!early.isEmpty()) {
            violations.add("acknowledged but not stored: " + -Books.sum(early) + " in " + early.size() + " keys: "
                    + some(early));
        }
        if (!late.isEmpty()) {
            violations.add(
                    "stored but not attempted: " + Books.sum(late) + " in " + late.size() + " keys: " + some(late));
        }
    }

    private void compareLedger(Map<UUID, ArchivedJournal> journals) {
        Map<UUID, String> ledger = ledger(database);
        journals.forEach((id, journal) -> {
            String expected = journal.lastNumber() + "|" + journal.lastDigest();
            if (!expected.equals(ledger.getOrDefault(id, "0|0"))) {
                violations.add("the ledger has instance " + id + " at " + ledger.get(id) + ", its journal ends at "
                        + expected);
            }
        });
    }

    /** Whether the ledger has every instance's last record. */
    static boolean isSettled(TestDatabase database, Map<UUID, ArchivedJournal> journals) {
        Map<UUID, String> ledger = ledger(database);
        return journals.entrySet().stream()
                .allMatch(e -> ledger.getOrDefault(e.getKey(), "0|0")
                        .startsWith(e.getValue().lastNumber() + "|"));
    }

    /** Number and digest of the last record that the database has, by instance. */
    static Map<UUID, String> ledger(TestDatabase database) {
        Map<UUID, String> ledger = new HashMap<>();
        for (String row : database.query("SELECT instance_id, last_record, last_digest FROM everycount_instance")) {
            int bar = row.indexOf('|');
            ledger.put(UUID.fromString(row.substring(0, bar)), row.substring(bar + 1));
        }
        return ledger;
    }

    private static String some(Map<String, Long> difference) {
        return difference.entrySet().stream().limit(EXAMPLES).toList().toString();
    }
}
