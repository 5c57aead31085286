// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

/** What can be wrong with a sink, and the test that has to notice. */
enum Defect {
    GUARD_IS_LESS_THAN("aBatchFromALowerMarkIsRefusedEvenIfItReachesFurther"),
    GUARD_IS_AT_LEAST("aDuplicateIsRefusedAndCountsNothing"),
    NO_DIGEST_IN_THE_GUARD("aForkIsRefused"),
    NO_OWNER_IN_THE_GUARD("aFormerOwnerIsFenced"),
    UNREGISTERED_IS_WELCOME("anInstanceThatNeverRegisteredIsRefusedAndGetsNoLedgerEntry"),
    APPLIES_BEFORE_THE_GUARD("aDuplicateIsRefusedAndCountsNothing"),
    REFUSED_IS_REPORTED_AS_APPLIED("aDuplicateIsRefusedAndCountsNothing"),
    EMPTY_BATCH_LEAVES_THE_MARK("anEmptyBatchMovesTheMarkAndOnlyOnce"),
    REGISTER_RESETS_THE_MARK("registeringAgainKeepsTheMarkAndChangesTheOwner"),
    REGISTER_KEEPS_THE_FORMER_OWNER("registeringAgainKeepsTheMarkAndChangesTheOwner"),
    STORE_ID_OF_THE_SINK("theStoreIdIsTheSameInEverySinkAndForEveryRegistration"),
    TOTALS_ARE_COMMITTED_BEFORE_THE_LEDGER("FAILURE: a write that fails changes nothing and can be sent again"),
    TOTALS_READ_AND_WRITTEN_BACK("manyInstancesOnTheSameHotKeysLoseNothingAndDoNotDeadlock"),
    LEDGER_KEPT_APART_FROM_TOTALS("REWIND: the ledger shows the lower mark, and a replay heals"),
    LEDGER_DOES_NOT_WAIT("STALL: the ledger is not overtaken by a write under way"),
    WRITE_IS_UNBOUNDED("STALL: a write that is held up ends in time, and the ledger knows how"),
    RETRIES_BY_ITSELF("LOST_REPLY: the ledger knows that a write without a reply applied"),
    LOST_REPLY_IS_AN_UNTYPED_ERROR("LOST_REPLY: the ledger knows that a write without a reply applied"),
    QUARANTINE_LOSES_THE_REST("QUARANTINE: a poison entry is set aside and the others apply"),
    QUARANTINE_IS_NOT_STORED("QUARANTINE: a poison entry is set aside and the others apply"),
    QUARANTINE_RANGE_BEGINS_EARLY("QUARANTINE: quarantine is found by instance and exact range"),
    QUARANTINE_RANGE_ENDS_EARLY("QUARANTINE: quarantine is found by instance and exact range"),
    QUARANTINE_OF_ALL_INSTANCES("QUARANTINE: quarantine is found by instance and exact range"),
    OVERFLOW_WRAPS("QUARANTINE: a poison entry is set aside and the others apply"),
    OVERFLOW_SATURATES("QUARANTINE: a poison entry is set aside and the others apply"),
    GAP_WITHOUT_A_GUARD("aGapIsRefusedUnlessOwnerNumberAndDigestAreExact"),
    GAP_IS_NOT_WRITTEN_DOWN("aGapMovesTheMarkAndIsWrittenDown"),
    REPORT_MOVES_THE_MARK("aReportChangesNothingThatAWriteCompares"),
    KEYS_FOLD_CASE("oddKeysStaySeparate"),
    KEYS_ARE_TRIMMED("oddKeysStaySeparate"),
    KEYS_ARE_NORMALISED("oddKeysStaySeparate"),
    KEYS_ARE_CUT_AT_255("oddKeysStaySeparate"),
    NONE("");

    private final String noticedBy;

    Defect(String noticedBy) {
        this.noticedBy = noticedBy;
    }

    String noticedBy() {
        return noticedBy;
    }
}
