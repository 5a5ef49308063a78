// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench.load;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.vhost4j.device.memory.HostMemory;

/** The baseline job: plain memory copies of as many bytes as a super-frame has, between as many buffers as the rings have. */
final class CopyJob implements Job {
    private static final int BURST = 32;

    private final MemorySegment memory;
    private final int slots;
    private final long stride;
    private final int bytes;
    private int next;
    private long copies;

    CopyJob(int slots, int bytes) {
        this.slots = slots;
        this.bytes = bytes;
        this.stride = bytes + 4095L & -4096L;
        this.memory = Arena.ofAuto().allocate(2L * slots * stride, 4096);
        memory.fill((byte) 1);
    }

    @Override
    public void step() {
        long from = memory.address();
        long to = from + slots * stride;
        for (int i = 0; i < BURST; i++) {
            HostMemory.copy(from + next * stride, to + next * stride, bytes);
            next = next + 1 == slots ? 0 : next + 1;
        }
        copies += BURST;
    }

    @Override
    public long sent() {
        return copies;
    }

    @Override
    public long received() {
        return copies;
    }
}
