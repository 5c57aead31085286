// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

/** Hexadecimal digits. */
final class Hex {
    private Hex() {}

    /** The value of a digit in either case; -1 if it is none. */
    static int digit(byte b) {
        if (b >= '0' && b <= '9') {
            return b - '0';
        }
        int lower = b | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }
}
