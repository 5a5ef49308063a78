// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostMemoryCopyTest {
    private static final int ROOM = 1024;
    private static final int MIDDLE = 400;
    private static final int LONGEST = 200;

    private final byte[] content = new byte[ROOM];
    private final MemorySegment memory = Arena.ofAuto().allocate(ROOM, 64);

    private void copy(int from, int to, int bytes) {
        MemorySegment.copy(content, 0, memory, ValueLayout.JAVA_BYTE, 0, ROOM);
        HostMemory.copy(memory.address() + from, memory.address() + to, bytes);
        byte[] expected = content.clone();
        System.arraycopy(content, from, expected, to, bytes);
        byte[] actual = memory.toArray(ValueLayout.JAVA_BYTE);
        if (!Arrays.equals(expected, actual)) {
            assertThat(actual).as("%d bytes from %d to %d", bytes, from, to).isEqualTo(expected);
        }
    }

    @Test
    void copiesEveryLengthAndNothingBeside() {
        new Random(1).nextBytes(content);
        for (int bytes = 0; bytes <= LONGEST; bytes++) {
            for (int offset = 0; offset < 8; offset++) {
                copy(offset, 600 - offset, bytes);
            }
        }
    }

    @Test
    void rangesMayOverlap() {
        new Random(2).nextBytes(content);
        for (int bytes = 1; bytes <= LONGEST; bytes++) {
            for (int distance = -bytes; distance <= bytes; distance++) {
                copy(MIDDLE, MIDDLE + distance, bytes);
            }
        }
    }
}
