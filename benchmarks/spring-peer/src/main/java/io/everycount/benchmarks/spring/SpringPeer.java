// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.spring;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Takes increments as the HTTP adapter does, and answers the same, in the way of an ordinary controller.
 * The answer's bytes are made beforehand, as the adapter has them; an application would have Jackson write
 * them, which costs more.
 */
@SpringBootApplication(proxyBeanMethods = false)
@RestController
public class SpringPeer {
    private static final byte[] ONE_ACCEPTED = accepted(1);

    private final ConcurrentHashMap<String, LongAdder> counts = new ConcurrentHashMap<>();

    /** An increment as it is sent; its value is 1 if it has none. */
    record Increment(String key, Long value) {
        long delta() {
            return value == null ? 1 : value;
        }
    }

    /** Serves until it is killed. */
    public static void main(String[] args) {
        SpringApplication.run(SpringPeer.class, args);
    }

    @PostMapping(path = "/increment", consumes = MediaType.APPLICATION_FORM_URLENCODED_VALUE)
    ResponseEntity<byte[]> form(
            @RequestParam("key") String key, @RequestParam(name = "value", defaultValue = "1") long value) {
        add(key, value);
        return answer(ONE_ACCEPTED);
    }

    @PostMapping(path = "/increment", consumes = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<byte[]> json(@RequestBody Increment increment) {
        add(increment.key, increment.delta());
        return answer(ONE_ACCEPTED);
    }

    @PostMapping(path = "/increments", consumes = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<byte[]> array(@RequestBody List<Increment> increments) {
        return addAll(increments);
    }

    @PostMapping(path = "/increments", consumes = MediaType.TEXT_PLAIN_VALUE)
    ResponseEntity<byte[]> text(@RequestBody String lines) {
        List<Increment> increments = new ArrayList<>();
        lines.lines().forEach(line -> {
            int space = line.lastIndexOf(' ');
            increments.add(new Increment(line.substring(0, space), Long.valueOf(line.substring(space + 1))));
        });
        return addAll(increments);
    }

    private ResponseEntity<byte[]> addAll(List<Increment> increments) {
        for (Increment increment : increments) {
            add(increment.key, increment.delta());
        }
        return answer(accepted(increments.size()));
    }

    private void add(String key, long delta) {
        counts.computeIfAbsent(key, k -> new LongAdder()).add(delta);
    }

    private static byte[] accepted(int increments) {
        return ("{\"accepted\":" + increments + ",\"ack\":\"memory\"}\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static ResponseEntity<byte[]> answer(byte[] body) {
        return ResponseEntity.accepted()
                .header("Everycount-Ack", "memory")
                .contentType(MediaType.APPLICATION_JSON)
                .body(body);
    }
}
