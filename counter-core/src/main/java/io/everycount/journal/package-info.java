// SPDX-License-Identifier: Apache-2.0
/**
 * The journal on disk: what was drained from the cells is here, durably, before anybody is told so and before any
 * sink is given it. Hidden.
 */
@NullMarked
package io.everycount.journal;

import org.jspecify.annotations.NullMarked;
