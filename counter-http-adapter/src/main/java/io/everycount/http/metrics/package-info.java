// SPDX-License-Identifier: Apache-2.0
/** What Prometheus is told. Counter keys are never a label. */
@NullMarked
package io.everycount.http.metrics;

import org.jspecify.annotations.NullMarked;
