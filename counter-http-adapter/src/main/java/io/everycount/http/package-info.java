// SPDX-License-Identifier: Apache-2.0
/** A server that takes increments over HTTP into a counter cache: {@link io.everycount.http.CounterServer}. */
@NullMarked
package io.everycount.http;

import org.jspecify.annotations.NullMarked;
