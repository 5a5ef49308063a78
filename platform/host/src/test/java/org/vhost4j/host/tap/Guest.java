// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.LandingPort;

/** A guest that is the only receiver: posts buffers of one size, and records the frames that are written into them. */
final class Guest implements LandingPort {
    final Capture landed = new Capture();
    int accepts;
    int bufferBytes = 1500;
    int reserves;
    int returned;
    int flushes;
    boolean full;
    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 18);

    Guest(int accepts) {
        this.accepts = accepts;
    }

    @Override
    public boolean reserve(Frame landing, int atLeast) {
        if (full) {
            return false;
        }
        reserves++;
        landing.clear();
        memory.fill((byte) 0xee);
        while (landing.bytes < atLeast) {
            // Buffers are not next to each other.
            if (!landing.add(memory.address() + 2L * landing.bytes, bufferBytes)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean reserve(Frame landing, Frame frame) {
        return false;
    }

    @Override
    public boolean extend(Frame landing, int atLeast) {
        return false;
    }

    @Override
    public boolean countsSegments() {
        return false;
    }

    @Override
    public void commit(Frame landing, int bytes) {
        if (bytes == 0) {
            returned++;
            return;
        }
        byte[] all = Capture.copy(landing);
        landed.keep(landing, java.util.Arrays.copyOf(all, bytes));
    }

    @Override
    public void discard(Frame landing) {
        returned++;
    }

    @Override
    public int accepts() {
        return accepts;
    }

    @Override
    public int deliver(Frame frame) {
        return REFUSED;
    }

    @Override
    public void flush() {
        flushes++;
    }

    @Override
    public String name() {
        return "guest";
    }
}
