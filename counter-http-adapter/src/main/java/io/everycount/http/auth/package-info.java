// SPDX-License-Identifier: Apache-2.0
/** Who may do what: API keys in a file, sessions of browsers, rates. */
@NullMarked
package io.everycount.http.auth;

import org.jspecify.annotations.NullMarked;
