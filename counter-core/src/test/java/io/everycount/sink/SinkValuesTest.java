// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SinkValuesTest {
    private static final UUID ID = UUID.randomUUID();

    @Test
    void aMarkRefusesANegativeRecordNumberAndReadsAsNumberAndDigest() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Mark(-1, 0)).withMessageContaining("-1");
        assertThat(new Mark(12, 255)).hasToString("12#ff");
        assertThat(Mark.ORIGIN).isEqualTo(new Mark(0, 0));
    }

    @Test
    void aGapRefusesToBeEmpty() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Gap(ID, ID, new Mark(3, 1), new Mark(3, 2), 0))
                .withMessageContaining("empty");
    }

    @Test
    void aRegistrationSaysHowLongItsDescriptionMayBe() {
        assertThat(new Registration(ID, ID, "d".repeat(200)).description()).hasSize(200);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Registration(ID, ID, "d".repeat(201)))
                .withMessage("description has 201 characters; at most 200 are allowed");
    }

    @Test
    void aResultKeepsItsOwnCopyOfWhatWasQuarantined() {
        List<QuarantinedEntry> entries = new ArrayList<>(List.of(new QuarantinedEntry("a", 1, "no")));
        WriteResult result = WriteResult.applied(entries);
        entries.clear();
        assertThat(result.quarantined()).hasSize(1);
        assertThat(result.isApplied()).isTrue();
        assertThat(result).hasToString("applied, 1 quarantined");
        assertThat(WriteResult.applied(List.of()).isApplied()).isTrue();
        assertThat(WriteResult.refused().isApplied()).isFalse();
        assertThat(WriteResult.refused()).hasToString("refused");
    }
}
