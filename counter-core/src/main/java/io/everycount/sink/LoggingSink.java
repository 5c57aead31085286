// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes every batch to the log, one line for each key: for looking at what would be stored. Keys come
 * from outside, so control characters in them are escaped, and backslashes doubled: no key can forge a
 * line, and no two keys look the same. At least once, like any log.
 */
public final class LoggingSink extends AtLeastOnceSink {
    private final Logger logger;

    /** Logs under this class's name, at level info. */
    public LoggingSink() {
        this(LoggerFactory.getLogger(LoggingSink.class));
    }

    /**
     * @param logger receives the lines, at level info
     */
    public LoggingSink(Logger logger) {
        this.logger = logger;
    }

    @Override
    protected void send(CounterBatch batch) {
        for (int i = 0; i < batch.size(); i++) {
            logger.info("{} {}", escaped(batch.key(i)), batch.delta(i));
        }
    }

    private static String escaped(String key) {
        StringBuilder out = new StringBuilder(key.length());
        key.codePoints().forEach(c -> {
            if (c == '\\') {
                out.append("\\\\");
            } else if (Character.isISOControl(c) || c == 0x2028 || c == 0x2029) {
                out.append(String.format("\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }
}
