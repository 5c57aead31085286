// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Keys of 25 characters, and the order in which a benchmark adds to them. */
public enum KeySet {
    /** 1,000 keys, the n-th as often as 1/n. */
    ZIPF_1000("1,000 keys, zipf", 1_000, true, 8, 1 << 14),
    /** A single key. */
    ONE("one hot key", 1, false, 8, 1 << 6),
    /** 100,000 keys, all of them equally often. */
    UNIFORM_100000("100,000 keys, uniform", 100_000, false, 4, 1 << 20),
    /** 1,000,000 keys, all of them equally often. */
    UNIFORM_1000000("1,000,000 keys, uniform", 1_000_000, false, 2, 1 << 22);

    static final int KEY_LENGTH = 25;

    private final String title;
    private final int keyCount;
    private final boolean zipf;
    private final int instances;
    private final int length;

    KeySet(String title, int keyCount, boolean zipf, int instances, int length) {
        this.title = title;
        this.keyCount = keyCount;
        this.zipf = zipf;
        this.instances = instances;
        this.length = length;
    }

    /**
     * Keys to add.
     *
     * @param sequence to walk round and round; its length is a power of two
     * @param once one instance of each key
     */
    public record Strings(String[] sequence, String[] once) {}

    /**
     * Equal keys are several instances, as they are when they come out of requests: a table that finds a key by
     * identity alone has an advantage here that it would not have there.
     */
    public Strings strings() {
        String[] pool = new String[keyCount * instances];
        for (int i = 0; i < pool.length; i++) {
            pool[i] = text(i % keyCount);
        }
        SplittableRandom random = new SplittableRandom(4711);
        int[] order = order(random);
        String[] sequence = new String[length];
        for (int i = 0; i < length; i++) {
            sequence[i] = pool[random.nextInt(instances) * keyCount + order[i]];
        }
        return new Strings(sequence, Arrays.copyOf(pool, keyCount));
    }

    /** The same keys as UTF-8, one after the other: each starts at a multiple of {@link #KEY_LENGTH}. */
    byte[] bytes() {
        int[] order = order(new SplittableRandom(4711));
        byte[] all = new byte[Math.multiplyExact(length, KEY_LENGTH)];
        for (int i = 0; i < length; i++) {
            byte[] key = text(order[i]).getBytes(StandardCharsets.UTF_8);
            System.arraycopy(key, 0, all, i * KEY_LENGTH, KEY_LENGTH);
        }
        return all;
    }

    /** Each key once. */
    public String[] distinct() {
        return IntStream.range(0, keyCount).mapToObj(KeySet::text).toArray(String[]::new);
    }

    /** What to call it. */
    public String title() {
        return title;
    }

    /** How many keys there are. */
    public int keyCount() {
        return keyCount;
    }

    /** The numbers are scattered, so that keys do not differ in their last character only. */
    private static String text(int n) {
        long number = Math.floorMod(n * 7_368_787_331L, 99_999_999_999_973L);
        return "page:/item/" + String.valueOf(100_000_000_000_000L + number).substring(1);
    }

    private int[] order(SplittableRandom random) {
        return zipf ? zipfOrder(random) : random.ints(length, 0, keyCount).toArray();
    }

    private int[] zipfOrder(SplittableRandom random) {
        double[] upTo = new double[keyCount];
        double sum = 0;
        for (int i = 0; i < keyCount; i++) {
            sum += 1.0 / (i + 1);
            upTo[i] = sum;
        }
        int[] order = new int[length];
        for (int i = 0; i < length; i++) {
            int found = Arrays.binarySearch(upTo, random.nextDouble() * sum);
            order[i] = Math.min(keyCount - 1, found < 0 ? ~found : found);
        }
        return order;
    }
}
