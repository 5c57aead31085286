// SPDX-License-Identifier: Apache-2.0
/** The adapter as its users have it: a process, real requests, a journal, and a database. */
@NullMarked
package io.everycount.benchmarks.endtoend;

import org.jspecify.annotations.NullMarked;
