// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;
import io.everycount.http.exchange.Response;
import io.everycount.http.exchange.Routes;
import io.everycount.http.exchange.Shown;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the endpoint of a method and a path, and asks whether the caller may use it. Immutable once built.
 * HEAD is answered as GET.
 */
final class Router implements Routes {
    private record Route(Endpoint endpoint, Consumer<RequestHead> gate) {}

    private final Map<String, Map<String, Route>> exact = new LinkedHashMap<>();
    private final Map<String, Map<String, Route>> below = new LinkedHashMap<>();

    /**
     * Adds a route.
     *
     * @param path what the path is; if it ends with a slash, what it begins with, something following
     * @param gate throws if the caller may not
     */
    Router add(String method, String path, Consumer<RequestHead> gate, Endpoint endpoint) {
        Map<String, Map<String, Route>> table = path.length() > 1 && path.endsWith("/") ? below : exact;
        table.computeIfAbsent(path, p -> new LinkedHashMap<>()).put(method, new Route(endpoint, gate));
        return this;
    }

    /** Every path and method there is, as {@code GET /stats}; paths with a key end with a slash. */
    Set<String> routes() {
        Set<String> all = new TreeSet<>();
        exact.forEach((path, methods) -> methods.keySet().forEach(method -> all.add(method + " " + path)));
        below.forEach((path, methods) -> methods.keySet().forEach(method -> all.add(method + " " + path)));
        return all;
    }

    @Override
    public Endpoint route(RequestHead head) {
        Map<String, Route> methods = methodsOf(head.path());
        if (methods == null) {
            throw Problem.of(
                            404,
                            "not-found",
                            "No such resource",
                            "Nothing is at " + Shown.text(head.path()) + "; /openapi.yaml lists what there is.")
                    .asException();
        }
        String method = head.method();
        Route route = methods.get(method.equals("HEAD") ? "GET" : method);
        if (route == null) {
            String allowed = allowed(methods);
            if (method.equals("OPTIONS")) {
                Response response = Response.of(204).with("Allow", allowed);
                return new Endpoint() {
                    @Override
                    public int bodyBytesMax() {
                        return 0;
                    }

                    @Override
                    public void handle(Exchange exchange) {
                        exchange.reply(response);
                    }
                };
            }
            throw Problem.of(
                            405,
                            "method-not-allowed",
                            "Method not allowed",
                            Shown.text(method) + " was used; " + Shown.text(head.path()) + " allows " + allowed + ".")
                    .withHeader("Allow", allowed)
                    .asException();
        }
        route.gate.accept(head);
        return route.endpoint;
    }

    private @Nullable Map<String, Route> methodsOf(String path) {
        Map<String, Route> methods = exact.get(path);
        if (methods == null) {
            int slash = path.indexOf('/', 1);
            if (slash > 0 && slash < path.length() - 1) {
                methods = below.get(path.substring(0, slash + 1));
            }
        }
        return methods;
    }

    private static String allowed(Map<String, Route> methods) {
        Set<String> all = new TreeSet<>(methods.keySet());
        if (all.contains("GET")) {
            all.add("HEAD");
        }
        all.add("OPTIONS");
        return String.join(", ", all);
    }
}
