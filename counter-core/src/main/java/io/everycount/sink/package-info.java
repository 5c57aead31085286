// SPDX-License-Identifier: Apache-2.0
/**
 * The sink side: what a store of totals has to do, the values that travel there, and the sinks that
 * need no database. A sink author needs this package and the test kit, nothing else.
 */
@NullMarked
package io.everycount.sink;

import org.jspecify.annotations.NullMarked;
