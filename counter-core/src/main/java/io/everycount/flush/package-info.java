// SPDX-License-Identifier: Apache-2.0
/**
 * From cells to sinks: drains become numbered records, records become batches, and each sink's mark
 * says which records it has. Hidden; {@link io.everycount.flush.Pipeline} is its face.
 *
 * <p>Two kinds of threads work here and meet at the {@link io.everycount.flush.RecordLog}: the drainer
 * and one writer for each sink. Neither shares a lock with threads that count.
 */
@NullMarked
package io.everycount.flush;

import org.jspecify.annotations.NullMarked;
