// SPDX-License-Identifier: Apache-2.0
/** A real Postgres server, and a network that can fail, for tests, examples and benchmarks. */
package io.everycount.jdbc.testing;
