// SPDX-License-Identifier: Apache-2.0
/**
 * Programs to run and to copy from: the quickstart, which runs the HTTP adapter and proves its totals; one that
 * counts the lines of files and proves the
 * totals; one that shows what the usual ways to count lose; and a host application of about thirty lines.
 */
@NullMarked
package io.everycount.examples;

import org.jspecify.annotations.NullMarked;
