// SPDX-License-Identifier: Apache-2.0
/** What handlers know of HTTP: requests, responses, problems; nothing of a server. */
@NullMarked
package io.everycount.http.exchange;

import org.jspecify.annotations.NullMarked;
