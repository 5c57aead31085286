// SPDX-License-Identifier: Apache-2.0
/** What several instances and one database carry: a model, and a check of it. */
@NullMarked
package io.everycount.benchmarks.scaling;

import org.jspecify.annotations.NullMarked;
