// SPDX-License-Identifier: Apache-2.0
/** The endpoints. */
@NullMarked
package io.everycount.http.handler;

import org.jspecify.annotations.NullMarked;
