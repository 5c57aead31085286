// SPDX-License-Identifier: Apache-2.0
package io.everycount;

/**
 * The increment was counted, but the sink refuses its key's delta (a total that would overflow, say) and
 * keeps it in quarantine, beside the totals, for an operator to decide on.
 */
public final class QuarantinedException extends UnconfirmedException {
    private static final long serialVersionUID = 1L;

    private final String key;

    QuarantinedException(String key) {
        super("the sink put the delta of key \"" + key + "\" into quarantine; see its quarantine for the reason", null);
        this.key = key;
    }

    /** The key whose delta was set aside. */
    public String key() {
        return key;
    }
}
