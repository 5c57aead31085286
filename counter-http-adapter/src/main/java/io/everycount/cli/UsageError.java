// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

/** A mistake of whoever typed the command, or what it read: told without a stack trace, with exit status 2. */
final class UsageError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what was given, from where, what is allowed; perhaps several lines; never a secret
     */
    UsageError(String message) {
        super(message, null, false, false);
    }
}
