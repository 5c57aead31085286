// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.Increments;
import io.everycount.http.body.BodyException;
import io.everycount.http.body.FormBody;
import io.everycount.http.body.JsonBody;
import io.everycount.http.body.NdjsonBody;
import io.everycount.http.body.TextBody;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to read one increment of a request's body, of one or of a thousand. With {@code -prof gc} it
 * shows what is allocated for it. None of the bodies has anything to decode, so that parsing leaves them as
 * they are, and each can be parsed again.
 *
 * <p>Look at {@code cpu.ns/op} of {@link CpuProfiler} where others use the machine, too.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 3,
        // Batch: on a busy machine the compiler gets to work in time only if somebody waits for it.
        jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-Xbatch"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Thread)
public class BodyParserBenchmark {
    private static final int MANY = 1_000;

    private final byte[] array = many("[", ",", "]", i -> "{\"key\":\"" + key(i) + "\",\"value\":" + delta(i) + "}");
    private final byte[] spacedArray =
            many("[", ", ", "]", i -> "{\"key\": \"" + key(i) + "\", \"value\": " + delta(i) + "}");
    private final byte[] object = many("{", ",", "}", i -> "\"" + key(i) + "\":" + delta(i));
    private final byte[] ndjson = many("", "\n", "\n", i -> "{\"key\":\"" + key(i) + "\",\"value\":" + delta(i) + "}");
    private final byte[] lines = many("", "\n", "\n", i -> key(i) + " " + delta(i));
    private final byte[] one = bytes("{\"key\":\"page:/products/1234\",\"value\":5}");
    private final byte[] form = bytes("key=page:/products/1234&value=5");
    private final Increments increments = new Increments();

    private static byte[] many(String opening, String between, String closing, IntFunction<String> increment) {
        return bytes(
                IntStream.range(0, MANY).mapToObj(increment).collect(Collectors.joining(between, opening, closing)));
    }

    private static String key(int i) {
        return "page:/products/" + (1_000 + i * 37 % 9_000);
    }

    private static int delta(int i) {
        return 1 + i % 9;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** An array of objects, without a needless space. */
    @Benchmark
    @OperationsPerInvocation(MANY)
    public Increments jsonArray() throws BodyException {
        JsonBody.parseMany(array, 0, array.length, MANY, increments.over(array));
        return increments;
    }

    /** An array of objects, with a space after each colon and comma, as some libraries write them. */
    @Benchmark
    @OperationsPerInvocation(MANY)
    public Increments jsonArraySpaced() throws BodyException {
        JsonBody.parseMany(spacedArray, 0, spacedArray.length, MANY, increments.over(spacedArray));
        return increments;
    }

    /** An object of keys and deltas. */
    @Benchmark
    @OperationsPerInvocation(MANY)
    public Increments jsonObject() throws BodyException {
        JsonBody.parseMany(object, 0, object.length, MANY, increments.over(object));
        return increments;
    }

    /** An object on each line. */
    @Benchmark
    @OperationsPerInvocation(MANY)
    public Increments ndjson() throws BodyException {
        NdjsonBody.parse(ndjson, 0, ndjson.length, MANY, increments.over(ndjson));
        return increments;
    }

    /** A key and a delta on each line. */
    @Benchmark
    @OperationsPerInvocation(MANY)
    public Increments lines() throws BodyException {
        TextBody.parse(lines, 0, lines.length, MANY, increments.over(lines));
        return increments;
    }

    /** One increment as JSON. */
    @Benchmark
    public Increments jsonOne() throws BodyException {
        JsonBody.parseOne(one, 0, one.length, increments.over(one));
        return increments;
    }

    /** One increment as a form. */
    @Benchmark
    public Increments formOne() throws BodyException {
        FormBody.parse(form, 0, form.length, increments.over(form));
        return increments;
    }
}
