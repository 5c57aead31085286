// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.nio.file.Path;

/**
 * Where the server's certificate and key are. Both are read again when they change.
 *
 * @param certificateChain PEM, the server's own certificate first
 * @param privateKey PEM, PKCS#8 ({@code BEGIN PRIVATE KEY}), not encrypted
 */
public record TlsFiles(Path certificateChain, Path privateKey) {}
