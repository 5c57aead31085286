// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

/**
 * How a pool of connections is used at a moment.
 *
 * @param active connections in use
 * @param idle connections that nobody uses
 * @param waiting threads that wait for one
 * @param max connections there may be
 */
public record PoolUse(int active, int idle, int waiting, int max) {}
