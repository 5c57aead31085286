// SPDX-License-Identifier: Apache-2.0
/**
 * Servers to measure: the HTTP adapter, and bare servers that count in a map and answer the same. Each is
 * a main class that takes the port, listens on 127.0.0.1 and serves until it is killed.
 */
@NullMarked
package io.everycount.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
