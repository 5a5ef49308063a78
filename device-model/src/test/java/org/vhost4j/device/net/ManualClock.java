// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.time.Duration;
import java.util.function.LongSupplier;

/** A clock that a test advances. It begins shortly before its value overflows, as {@link System#nanoTime} may. */
final class ManualClock implements LongSupplier {
    private long nanos = Long.MAX_VALUE - 1;

    void advance(Duration by) {
        nanos += by.toNanos();
    }

    @Override
    public long getAsLong() {
        return nanos;
    }
}
