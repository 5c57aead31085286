// SPDX-License-Identifier: Apache-2.0
/**
 * Parsers of request bodies, from bytes, without an object for each increment. They put ranges of the body's
 * own array into a list of increments and change the array where a key has to be decoded: that only ever
 * makes it shorter. What a key and a delta may be is for the cache to say.
 */
@NullMarked
package io.everycount.http.body;

import org.jspecify.annotations.NullMarked;
