// SPDX-License-Identifier: Apache-2.0
package io.everycount;

/** Between the two halves of a planted mistake: so that a short run on a busy machine is sure to see it. */
public final class Window {
    private Window() {}

    /** A microsecond or so. */
    public static void holdOpen() {
        for (int i = 0; i < 30; i++) {
            Thread.onSpinWait();
        }
    }
}
