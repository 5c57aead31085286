// SPDX-License-Identifier: Apache-2.0
/**
 * Processes that count with a journal on a real Postgres, and are killed, stopped, starved of their database, and
 * started again. What is in the journals, read by a reader of this package's own, is compared, key by key, with what is
 * in the database: in {@link io.everycount.jdbc.torture.Checker}.
 */
package io.everycount.jdbc.torture;
