// SPDX-License-Identifier: Apache-2.0
/**
 * Where increments land: tables of cells that writers add to and one drainer empties, without a lock
 * and without a copy. Hidden; {@link io.everycount.cell.CellStore} is its face.
 */
@NullMarked
package io.everycount.cell;

import org.jspecify.annotations.NullMarked;
