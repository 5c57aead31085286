// SPDX-License-Identifier: Apache-2.0
/**
 * The report on counting: what is measured, how it is run, and the page that is made of it. The way is
 * {@link io.everycount.benchmarks.report.Profile} to samples to {@link io.everycount.benchmarks.report.Results}
 * to {@link io.everycount.benchmarks.report.Page}.
 */
@NullMarked
package io.everycount.benchmarks.report;

import org.jspecify.annotations.NullMarked;
