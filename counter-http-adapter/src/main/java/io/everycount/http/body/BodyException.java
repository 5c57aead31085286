// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

/** A body is not what its type says. Has no stack trace: it is the sender's mistake, not ours. */
public final class BodyException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int index;
    private final int offset;
    private final boolean tooMany;

    private BodyException(String message, int index, int offset, boolean tooMany) {
        super(message, null, false, false);
        this.index = index;
        this.offset = offset;
        this.tooMany = tooMany;
    }

    static BodyException malformed(String message, int index, int offset) {
        return new BodyException(message, index, offset, false);
    }

    static BodyException tooMany(int max, int offset) {
        return new BodyException(
                "there are more than " + max + " increments; at most " + max + " are allowed in one request",
                max,
                offset,
                true);
    }

    /** The increment that is wrong, from 0; -1 if it is not about one. */
    public int index() {
        return index;
    }

    /** Where in the body, in bytes from its beginning. */
    public int offset() {
        return offset;
    }

    /** Whether the body may be well-formed, but has too many increments. */
    public boolean isTooMany() {
        return tooMany;
    }
}
