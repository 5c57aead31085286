// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

/** Whole numbers in decimal digits. */
final class Decimal {
    /** The most digits that cannot overflow. */
    private static final int SAFE_DIGITS = 18;

    private Decimal() {}

    /**
     * Whether a range is an optional minus and digits, and fits 64 bits; {@link #parse} has its value then.
     */
    static boolean is(byte[] bytes, int from, int end) {
        int digits = from < end && bytes[from] == '-' ? from + 1 : from;
        if (digits >= end) {
            return false;
        }
        for (int i = digits; i < end; i++) {
            if (bytes[i] < '0' || bytes[i] > '9') {
                return false;
            }
        }
        return end - digits <= SAFE_DIGITS || fits(bytes, from, end);
    }

    private static boolean fits(byte[] bytes, int from, int end) {
        long value = 0;
        boolean negative = bytes[from] == '-';
        for (int i = negative ? from + 1 : from; i < end; i++) {
            int digit = bytes[i] - '0';
            // Counted down, because there is one more negative number than there are positive ones.
            if (value < (Long.MIN_VALUE + digit) / 10) {
                return false;
            }
            value = 10 * value - digit;
        }
        return negative || value != Long.MIN_VALUE;
    }

    /** The value of a range of which {@link #is} holds. */
    static long parse(byte[] bytes, int from, int end) {
        long value = 0;
        boolean negative = bytes[from] == '-';
        for (int i = negative ? from + 1 : from; i < end; i++) {
            value = 10 * value - (bytes[i] - '0');
        }
        return negative ? value : -value;
    }
}
