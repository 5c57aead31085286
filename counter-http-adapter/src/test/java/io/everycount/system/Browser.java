// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A headless Chromium with one page, told what to do by its DevTools protocol. Thread-safe. */
final class Browser implements AutoCloseable {
    private static final String CHROMIUM = "/usr/bin/chromium";
    private static final Duration ANSWER_MAX = Duration.ofSeconds(30);
    private static final JsonFactory JSON = new JsonFactory();

    private final Command process;
    private final WebSocket socket;
    private final AtomicLong number = new AtomicLong();
    private final Map<Long, CompletableFuture<Map<String, Object>>> asked = new ConcurrentHashMap<>();

    /** What went wrong in pages: exceptions, and what the browser logs as errors. */
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    /** Requests for streams of events that have not ended. */
    private final Set<String> streams = ConcurrentHashMap.newKeySet();

    /** @param profile an empty directory */
    Browser(Path profile) throws Exception {
        process = Command.start(
                "chromium",
                List.of(
                        CHROMIUM,
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank"),
                Map.of());
        try {
            Path port = profile.resolve("DevToolsActivePort");
            Await.until("the browser listens", () -> Files.exists(port) || !process.isRunning());
            Await.until("it says where", () -> !Files.readAllLines(port).isEmpty());
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(address(Files.readAllLines(port).get(0))), new Listener())
                    .get(ANSWER_MAX.toSeconds(), TimeUnit.SECONDS);
            for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
                call(domain + ".enable", "{}");
            }
        } catch (Exception | AssertionError e) {
            process.close();
            throw new AssertionError("no browser: " + process, e);
        }
    }

    private static String address(String port) throws Exception {
        HttpResponse<String> list = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        for (Object target : (List<?>) read(list.body())) {
            Map<?, ?> page = (Map<?, ?>) target;
            if ("page".equals(page.get("type"))) {
                return String.valueOf(page.get("webSocketDebuggerUrl"));
            }
        }
        throw new AssertionError("no page in " + list.body());
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            message.append(data);
            if (last) {
                String whole = message.toString();
                message.setLength(0);
                heard(whole);
            }
            from.request(1);
            return null;
        }
    }

    @SuppressWarnings("unchecked")
    private void heard(String message) {
        Map<String, Object> answer;
        try {
            answer = (Map<String, Object>) read(message);
        } catch (IOException e) {
            complaints.add("not understood: " + message);
            return;
        }
        Object id = answer.get("id");
        if (id instanceof Long asking) {
            asked.remove(asking).complete(answer);
            return;
        }
        String method = String.valueOf(answer.get("method"));
        if (method.startsWith("Network.")) {
            heardOfRequest(method, (Map<String, Object>) answer.get("params"));
        }
        if (method.equals("Runtime.exceptionThrown") || method.equals("Log.entryAdded")) {
            Map<String, Object> parameters = (Map<String, Object>) answer.get("params");
            Object entry = parameters.get("entry");
            if (entry == null || "error".equals(((Map<String, Object>) entry).get("level"))) {
                complaints.add(message);
            }
        }
    }

    private void heardOfRequest(String method, Map<String, Object> parameters) {
        String request = String.valueOf(parameters.get("requestId"));
        switch (method) {
            case "Network.requestWillBeSent" -> {
                if ("EventSource".equals(parameters.get("type"))) {
                    streams.add(request);
                }
            }
            case "Network.loadingFailed", "Network.loadingFinished" -> streams.remove(request);
            default -> {}
        }
    }

    /** How many streams of events the page has open. */
    int streams() {
        return streams.size();
    }

    /** Values as maps, lists, texts, Long, Double, Boolean and null. */
    private static Object read(String json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            return value(parser);
        }
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.put(name, value(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> parser.getText();
        };
    }

    /** Asks for something; its result. */
    @SuppressWarnings("unchecked")
    Map<String, Object> call(String method, String parameters) throws Exception {
        long id = number.incrementAndGet();
        CompletableFuture<Map<String, Object>> answer = new CompletableFuture<>();
        asked.put(id, answer);
        String message = "{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + "}";
        synchronized (asked) {
            socket.sendText(message, true).get(ANSWER_MAX.toSeconds(), TimeUnit.SECONDS);
        }
        Map<String, Object> all = answer.get(ANSWER_MAX.toSeconds(), TimeUnit.SECONDS);
        if (all.containsKey("error")) {
            throw new AssertionError(method + " " + parameters + ": " + all.get("error"));
        }
        return (Map<String, Object>) all.get("result");
    }

    /** What an expression of the page's script is, as a text; waits for a promise. */
    @SuppressWarnings("unchecked")
    String eval(String expression) throws Exception {
        Map<String, Object> result = call(
                "Runtime.evaluate",
                "{\"returnByValue\":true,\"awaitPromise\":true,\"expression\":" + quoted("String(" + expression + ")")
                        + "}");
        if (result.containsKey("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
        }
        return String.valueOf(((Map<String, Object>) result.get("result")).get("value"));
    }

    /** Waits until an expression is true, on whatever page there is then. */
    void await(String expression) throws Exception {
        try {
            Await.until(expression, () -> {
                try {
                    return eval(expression).equals("true");
                } catch (AssertionError e) {
                    // The page is another one by now.
                    return false;
                }
            });
        } catch (AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "; the page says: " + eval("document.body.innerText") + "\n" + complaints, e);
        }
    }

    void open(String url) throws Exception {
        call("Page.navigate", "{\"url\":" + quoted(url) + "}");
    }

    /** How large the window is, and whether the system is said to be dark. */
    void look(int width, int height, boolean isPhone, boolean isDark) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":" + width + ",\"height\":" + height + ",\"deviceScaleFactor\":" + (isPhone ? 2 : 1)
                        + ",\"mobile\":" + isPhone + "}");
        call(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"" + (isDark ? "dark" : "light")
                        + "\"}]}");
    }

    /** The whole page as a PNG. */
    byte[] page() throws Exception {
        return picture("{\"captureBeyondViewport\":true}");
    }

    /** What is seen of it, as a PNG. */
    byte[] window() throws Exception {
        return picture("{}");
    }

    private byte[] picture(String how) throws Exception {
        return Base64.getDecoder()
                .decode(String.valueOf(call("Page.captureScreenshot", how).get("data")));
    }

    List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** As a text in JSON, which is one in JavaScript, too. */
    static String quoted(String text) {
        return "\"" + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + "\"";
    }

    @Override
    public void close() {
        socket.abort();
        process.close();
    }
}
