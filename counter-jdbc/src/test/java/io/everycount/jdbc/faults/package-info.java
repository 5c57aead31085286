// SPDX-License-Identifier: Apache-2.0
/**
 * The whole way, from callers on several threads to rows in Postgres, while something breaks. What the
 * callers themselves count is compared, key by key, with what plain JDBC reads afterwards.
 */
package io.everycount.jdbc.faults;
