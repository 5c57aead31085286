// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;
import io.everycount.http.exchange.Response;

/** What is said to browsers only. */
final class ForBrowsers {
    private static final String HTML = "text/html; charset=utf-8";
    private static final String POLICY_FOR_ALL = "; base-uri 'none'; frame-ancestors 'none'";

    private ForBrowsers() {}

    /** A page, which nobody keeps or puts into a frame. */
    static Response page(int status, String html, String policy) {
        return Response.of(status, HTML, html)
                .with("Content-Security-Policy", policy + POLICY_FOR_ALL)
                .with("X-Content-Type-Options", "nosniff")
                .with("Referrer-Policy", "no-referrer")
                .with("Cross-Origin-Opener-Policy", "same-origin")
                .with("Cross-Origin-Resource-Policy", "same-origin")
                .with("Cache-Control", "no-store");
    }

    /**
     * Another site's page cannot read what is here, but it could have a browser ask, again and again, from inside a
     * network. Browsers say where a request comes from; others do not, and are let through.
     *
     * @throws io.everycount.http.exchange.ProblemException 403 if it comes from another site
     */
    static void refuseOtherSites(RequestHead head) {
        String site = head.header("Sec-Fetch-Site");
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            throw Problem.of(403, "other-site", "Not allowed", "This is not for the pages of other sites.")
                    .asException();
        }
    }
}
