// SPDX-License-Identifier: Apache-2.0
/** JMH benchmarks, and reports that run some of them and judge the figures. Not published. */
@NullMarked
package io.everycount.benchmarks;

import org.jspecify.annotations.NullMarked;
