// SPDX-License-Identifier: Apache-2.0
/** What a counter cache tells a {@link io.micrometer.core.instrument.MeterRegistry}. Counter keys are never a tag. */
@NullMarked
package io.everycount.micrometer;

import org.jspecify.annotations.NullMarked;
