// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Compares the fast path for headers of plain frames with the general path. */
class NetHeaderTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(NetHeader.TUNNEL_BYTES, 8);
    private final Frame frame = new Frame();

    private long written() {
        NetHeader.write(memory.address(), NetHeader.BYTES, frame, 1);
        return NetHeader.readPlain(memory.address());
    }

    @Test
    void aFrameWithoutPartialChecksum() {
        frame.headerLength = 54;
        frame.gsoSize = 7;
        frame.checksumStart = 34;
        frame.checksumOffset = 16;
        assertThat(written()).isZero();
    }

    @Test
    void aPartialChecksumKeepsItsPlace() {
        frame.flags = Frame.NEEDS_CSUM;
        for (int start : new int[] {0, 34, 0x8000, 0xffff}) {
            for (int offset : new int[] {0, 16, 0x8000, 0xffff}) {
                frame.checksumStart = start;
                frame.checksumOffset = offset;
                frame.headerLength = 54;
                frame.gsoSize = 1000;
                long partial = written();
                assertThat(partial).isEqualTo(NetHeader.partial(start, offset));
                assertThat(NetHeader.flags(partial)).isEqualTo(Frame.NEEDS_CSUM);
                assertThat(NetHeader.checksumStart(partial)).isEqualTo(start);
                assertThat(NetHeader.checksumOffset(partial)).isEqualTo(offset);
            }
        }
    }

    @Test
    void everyOtherFlagAndTypeIsNotPlain() {
        for (int flags = 0; flags < 256; flags++) {
            for (int type : new int[] {0, 1, 3, 4, 5, 0x80, 0x81, 0xff}) {
                frame.flags = flags;
                frame.gsoType = type;
                boolean plain = type == 0 && (flags == 0 || flags == Frame.NEEDS_CSUM);
                assertThat(written() != NetHeader.NOT_PLAIN).isEqualTo(plain);
            }
        }
    }

    @Test
    void writtenAsAllFramesAre() {
        for (int bytes : new int[] {NetHeader.LEGACY_BYTES, NetHeader.BYTES}) {
            for (int flags : new int[] {0, Frame.NEEDS_CSUM}) {
                frame.flags = flags;
                frame.checksumStart = flags == 0 ? 0 : 0xfffe;
                frame.checksumOffset = flags == 0 ? 0 : 0x8010;
                NetHeader.write(memory.address(), bytes, frame, 1);
                byte[] expected = memory.toArray(ValueLayout.JAVA_BYTE);
                memory.asSlice(0, bytes).fill((byte) 0xee);
                NetHeader.writePlain(memory.address(), bytes, flags == 0 ? 0 : NetHeader.partial(0xfffe, 0x8010));
                assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
            }
        }
    }
}
