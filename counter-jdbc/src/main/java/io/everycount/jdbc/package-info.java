// SPDX-License-Identifier: Apache-2.0
/**
 * Totals in Postgres, exactly once: the sink, its tables, reads of the totals, and the quarantine.
 *
 * <p>The statements are all in one file, {@code Sql}, and the tables in {@code schema-2.sql}.
 */
@NullMarked
package io.everycount.jdbc;

import org.jspecify.annotations.NullMarked;
