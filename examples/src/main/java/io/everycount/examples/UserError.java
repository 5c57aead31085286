// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

/** Something that the user can mend; told in one sentence, without a stack trace. */
final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UserError(String message) {
        super(message);
    }
}
