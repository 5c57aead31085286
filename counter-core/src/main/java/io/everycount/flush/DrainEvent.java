// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.List;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** One drain that found something, from the cells to the record log. */
@Name("io.everycount.Drain")
@Label("Drain")
@Description("Sums taken from the cells and made records, with a journal until these are in it")
@Threshold("10 ms")
final class DrainEvent extends PipelineEvent {
    @Label("Records")
    int records;

    @Label("Keys")
    @Description("Of all its records, each counted as often as it is in one")
    int keys;

    @Label("Last record")
    long lastRecord;

    private DrainEvent() {}

    static @Nullable DrainEvent begun() {
        return begun(new DrainEvent());
    }

    /**
     * @param made at least one
     */
    void ended(List<DeltaRecord> made) {
        records = made.size();
        keys = made.stream().mapToInt(DeltaRecord::size).sum();
        lastRecord = made.get(made.size() - 1).number();
        commit();
    }
}
