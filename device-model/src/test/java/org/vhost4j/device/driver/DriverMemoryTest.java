// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class DriverMemoryTest {
    private final DriverMemory memory = new DriverMemory(Arena.ofAuto().allocate(4096, 4096), 0x1_0000_0100L);

    @Test
    void allocationsAreAlignedByGuestAddressAndEndWithTheRegion() {
        assertThat(memory.allocate(1, 1)).isEqualTo(0x1_0000_0100L);
        assertThat(memory.allocate(16, 0x80)).isEqualTo(0x1_0000_0180L);
        long mark = memory.mark();
        assertThat(memory.allocate(4096 - 0x90, 1)).isEqualTo(0x1_0000_0190L);
        assertThatThrownBy(() -> memory.allocate(1, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("guest memory exhausted");
        memory.rewind(mark);
        assertThat(memory.allocate(1, 1)).isEqualTo(mark);
    }

    @Test
    void fieldsAreLittleEndian() {
        long at = memory.guestBase() + 1;
        memory.put64(at, 0x0807_0605_0403_0201L);
        assertThat(memory.read(at, 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(memory.get8(at)).isEqualTo(1);
        assertThat(memory.get16(at)).isEqualTo(0x0201);
        assertThat(memory.get32(at)).isEqualTo(0x0403_0201);
        assertThat(memory.get64(at)).isEqualTo(0x0807_0605_0403_0201L);
        memory.put8(at, 0xff);
        memory.put16(at + 1, 0xfffe);
        memory.put32(at + 3, -1);
        assertThat(memory.get64(at)).isEqualTo(0x08ff_ffff_ffff_feffL);
        memory.fill(at, 3, 0xab);
        assertThat(memory.read(at, 3)).containsExactly(-85, -85, -85);
    }

    @Test
    void membershipIsByWholeRange() {
        long base = memory.guestBase();
        assertThat(memory.contains(base, 4096)).isTrue();
        assertThat(memory.contains(base, 4097)).isFalse();
        assertThat(memory.contains(base + 4096, 0)).isTrue();
        assertThat(memory.contains(base - 1, 1)).isFalse();
        assertThat(memory.contains(base, -1)).isFalse();
    }

    @Test
    void poolsGiveEveryBufferOnce() {
        BufferPool pool = new BufferPool(memory, 3, 100, 64);
        long first = pool.take();
        long second = pool.take();
        long third = pool.take();
        assertThat(new long[] {first % 64, second % 64, third % 64}).containsOnly(0);
        assertThat(Math.abs(second - first)).isGreaterThanOrEqualTo(100);
        assertThat(Math.abs(third - second)).isGreaterThanOrEqualTo(100);
        assertThat(pool.take()).isEqualTo(BufferPool.NONE);
        pool.give(second);
        assertThat(pool.available()).isEqualTo(1);
        assertThat(pool.take()).isEqualTo(second);
    }
}
