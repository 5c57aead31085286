// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

/**
 * What became of connections, since the start.
 *
 * @param open how many there are at this moment
 * @param accepted how many were accepted
 * @param refused how many were closed at once, or answered with 503, because there were too many
 * @param slowHeads how many were closed because a request's headers took too long
 * @param slowBodies how many were answered with 408 because a body took too long
 * @param slowReaders how many were closed because they did not take their answer
 * @param malformed how many requests the parser refused
 */
public record FrontStats(
        int open, long accepted, long refused, long slowHeads, long slowBodies, long slowReaders, long malformed) {}
