// SPDX-License-Identifier: Apache-2.0
/** The command line of the standalone jar. */
@NullMarked
package io.everycount.cli;

import org.jspecify.annotations.NullMarked;
