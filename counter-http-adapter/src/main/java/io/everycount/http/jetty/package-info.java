// SPDX-License-Identifier: Apache-2.0
/**
 * The server under the endpoints: sockets, the protocol, time limits, TLS. The only package that knows Jetty.
 *
 * <p>A request's way: {@code FrontConnector} accepts the connection, {@code FrontEndPoint} knows what it is
 * doing and since when, {@code FrontHandler} makes a {@code ServerExchange} of each request, which routes, reads
 * the body, calls the endpoint and writes the reply. {@code Sweeper} ends what takes too long.
 */
@NullMarked
package io.everycount.http.jetty;

import org.jspecify.annotations.NullMarked;
