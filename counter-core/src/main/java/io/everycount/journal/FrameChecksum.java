// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.UUID;
import java.util.zip.CRC32C;

/** The checksum of one segment's frames, see {@link SegmentFormat}. Not thread-safe. */
final class FrameChecksum {
    private final byte[] segment = new byte[32];
    private final CRC32C crc = new CRC32C();

    FrameChecksum(UUID instanceId, SegmentName name) {
        SegmentFormat.putLong(segment, 0, instanceId.getMostSignificantBits());
        SegmentFormat.putLong(segment, 8, instanceId.getLeastSignificantBits());
        SegmentFormat.putLong(segment, 16, name.incarnation());
        SegmentFormat.putLong(segment, 24, name.number());
    }

    /** Of a frame with its header; what is in the place of the checksum does not matter. */
    int of(byte[] bytes, int offset, int length) {
        crc.reset();
        crc.update(segment, 0, segment.length);
        crc.update(bytes, offset, 4);
        crc.update(bytes, offset + 8, length - 8);
        return (int) crc.getValue();
    }
}
