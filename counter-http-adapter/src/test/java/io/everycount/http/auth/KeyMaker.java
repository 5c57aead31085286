// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;

/** A process that makes keys: in the file of the first argument, with ids that begin with the second. */
final class KeyMaker {
    static final int KEYS = 40;

    private KeyMaker() {}

    public static void main(String[] args) {
        KeyRing ring = new KeyRing(Path.of(args[0]), Clock.systemUTC());
        for (int i = 0; i < KEYS; i++) {
            ring.create(args[1] + i, Set.of(Scope.READ), null, null);
        }
    }
}
