// SPDX-License-Identifier: Apache-2.0
/** What a request costs a server in CPU time, and what starting it takes: load, measurements and a report. */
@NullMarked
package io.everycount.benchmarks.http;

import org.jspecify.annotations.NullMarked;
