// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.regex.Pattern;

/** A JDBC URL may hold a password, which nobody shall see. */
final class DatabaseUrl {
    private static final Pattern PASSWORD = Pattern.compile("[?&;](password|sslpassword)=", Pattern.CASE_INSENSITIVE);
    private static final Pattern USER_INFO = Pattern.compile("//[^/?]*@");

    private DatabaseUrl() {}

    /** Whether there is one, in a parameter or before an @. */
    static boolean hasPassword(String url) {
        return PASSWORD.matcher(url).find() || USER_INFO.matcher(url).find();
    }

    /** The URL without its parameters, and without what is before an @. */
    static String shown(String url) {
        int query = url.indexOf('?');
        String shown = query < 0 ? url : url.substring(0, query) + "?...";
        return USER_INFO.matcher(shown).replaceFirst("//...@");
    }
}
