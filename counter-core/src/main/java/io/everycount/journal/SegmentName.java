// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which segment of an instance. They are in the order in which they were begun.
 *
 * @param incarnation of the opening that wrote it, from 1
 * @param number in this incarnation, from 1; none is used twice
 */
record SegmentName(long incarnation, long number) implements Comparable<SegmentName> {
    private static final Pattern FORM = Pattern.compile("(\\d{10,18})-(\\d{10,18})\\.seg");
    private static final Comparator<SegmentName> ORDER =
            Comparator.comparingLong(SegmentName::incarnation).thenComparingLong(SegmentName::number);

    /** The segment of a file's name; null if it is no segment. */
    static @Nullable SegmentName parse(String fileName) {
        Matcher matcher = FORM.matcher(fileName);
        if (!matcher.matches()) {
            return null;
        }
        SegmentName name = new SegmentName(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
        return name.fileName().equals(fileName) ? name : null;
    }

    String fileName() {
        return String.format("%010d-%010d.seg", incarnation, number);
    }

    @Override
    public int compareTo(SegmentName other) {
        return ORDER.compare(this, other);
    }
}
