// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Finds the name that was meant. */
final class Suggestion {
    private Suggestion() {}

    /** The nearest of the known names, if it is near enough to have been meant; otherwise null. */
    static @Nullable String nearest(String given, Collection<String> known) {
        @Nullable String best = null;
        int bestDistance = Math.max(2, given.length() / 3) + 1;
        for (String name : known) {
            int distance = distance(given, name);
            if (distance < bestDistance) {
                best = name;
                bestDistance = distance;
            }
        }
        return best;
    }

    /** How many characters have to be inserted, deleted or replaced (Levenshtein). */
    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
