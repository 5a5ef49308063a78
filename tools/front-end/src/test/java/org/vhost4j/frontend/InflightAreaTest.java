// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.vhostuser.wire.Request;

/** Tests the in-flight area from both sides: the bytes that a back-end writes are read. */
class InflightAreaTest {
    private static final int SIZE = 4;

    private final ScriptedBackEnd backEnd = new ScriptedBackEnd();

    @AfterEach
    void close() {
        backEnd.close();
    }

    private void answer(Fd file, long bytes, int queues, int size) {
        byte[] payload = RawMessage.buffer(24)
                .putLong(bytes)
                .putLong(0)
                .putShort((short) queues)
                .putShort((short) size)
                .array();
        backEnd.socket()
                .send(RawMessage.encode(Request.GET_INFLIGHT_FD.code(), 5, payload), List.of(file), FrontEnd.PATIENCE);
    }

    private static void put16(MemorySegment at, long offset, int value) {
        at.set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, (short) value);
    }

    @Test
    void aSplitRing() {
        // Two queues: a header of 16 bytes and 4 entries of 16 each, rounded up to 128.
        try (Fd file = MemFd.create("inflight", 256);
                MappedFile theirs = MappedFile.map(file, 0, 256, "inflight")) {
            answer(file, 256, 2, SIZE);
            try (InflightArea area = InflightArea.get(backEnd.frontEnd(), 2, SIZE)) {
                backEnd.sent().close();
                MemorySegment queue1 = theirs.segment().asSlice(128);
                put16(queue1, 8, 1);
                put16(queue1, 10, SIZE);
                put16(queue1, 12, 3);
                put16(queue1, 14, 0xfffe);
                entry(queue1, 0, 9);
                entry(queue1, 2, 7);
                put16(queue1, 16 + 2 * 16 + 6, 1);
                InflightSplit split = area.split(1);
                assertThat(split.version()).isEqualTo(1);
                assertThat(split.descNum()).isEqualTo(SIZE);
                assertThat(split.lastBatchHead()).isEqualTo(3);
                assertThat(split.usedIdx()).isEqualTo(0xfffe);
                assertThat(split.inflight()).containsExactly(2, 0);
                assertThat(split.counter(0)).isEqualTo(9);
                assertThat(split.next(2)).isEqualTo(1);
                assertThat(area.split(0).inflight()).isEmpty();
                assertThatThrownBy(() -> area.split(2)).isInstanceOf(FrontEndException.class);

                area.set(backEnd.frontEnd());
                try (RawMessage message = backEnd.sent()) {
                    assertThat(message.request()).isEqualTo(Request.SET_INFLIGHT_FD.code());
                    assertThat(message.payload().getLong()).isEqualTo(256);
                    assertThat(message.payload().getShort(16)).isEqualTo((short) 2);
                    assertThat(message.payload().getShort(18)).isEqualTo((short) SIZE);
                    assertThat(message.descriptors()).hasSize(1);
                }
            }
        }
    }

    private static void entry(MemorySegment queue, int index, long counter) {
        queue.set(ValueLayout.JAVA_BYTE, 16L + 16L * index, (byte) 1);
        queue.set(ValueLayout.JAVA_LONG_UNALIGNED, 16L + 16L * index + 8, counter);
    }

    @Test
    void aPackedRing() {
        // One queue in an area that is larger than it has to be: a header of 32 bytes and 4 entries of 32.
        try (Fd file = MemFd.create("inflight", 4096);
                MappedFile theirs = MappedFile.map(file, 0, 4096, "inflight")) {
            answer(file, 4096, 1, SIZE);
            try (InflightArea area = InflightArea.get(backEnd.frontEnd(), 1, SIZE)) {
                MemorySegment queue = theirs.segment();
                put16(queue, 8, 1);
                put16(queue, 10, SIZE);
                put16(queue, 12, 2);
                put16(queue, 14, 1);
                put16(queue, 16, 3);
                put16(queue, 18, 5);
                queue.set(ValueLayout.JAVA_BYTE, 20, (byte) 1);
                // A chain of entries 1 and 3.
                long head = 32 + 32;
                queue.set(ValueLayout.JAVA_BYTE, head, (byte) 1);
                put16(queue, head + 2, 3);
                put16(queue, head + 6, 2);
                put16(queue, head + 16, 11);
                put16(queue, head + 18, 0x81);
                queue.set(ValueLayout.JAVA_INT_UNALIGNED, head + 20, 1500);
                queue.set(ValueLayout.JAVA_LONG_UNALIGNED, head + 24, 0x1_4000_0000L);
                put16(queue, 32 + 3 * 32 + 16, 11);

                InflightPacked packed = area.packed(0);
                assertThat(packed.version()).isEqualTo(1);
                assertThat(packed.descNum()).isEqualTo(SIZE);
                assertThat(packed.freeHead()).isEqualTo(2);
                assertThat(packed.oldFreeHead()).isEqualTo(1);
                assertThat(packed.used()).isEqualTo(0x8003);
                assertThat(packed.oldUsed()).isEqualTo(5);
                assertThat(packed.inflight()).containsExactly(1);
                assertThat(packed.chain(1))
                        .containsExactly(
                                new InflightPacked.Descriptor(11, 0x81, 1500, 0x1_4000_0000L),
                                new InflightPacked.Descriptor(11, 0, 0, 0));
                // Links that lead nowhere end.
                put16(queue, head + 6, 0xffff);
                put16(queue, head + 2, 1);
                assertThat(packed.chain(1)).hasSize(SIZE);
            }
        }
    }

    @Test
    void anAnswerForOtherQueuesIsReported() {
        try (Fd file = MemFd.create("inflight", 4096)) {
            answer(file, 4096, 2, SIZE);
            assertThatThrownBy(() -> InflightArea.get(backEnd.frontEnd(), 1, SIZE))
                    .hasMessage("GET_INFLIGHT_FD of 1 queues of 4 was answered for 2 queues of 4");
            backEnd.answer(Request.GET_INFLIGHT_FD, 0);
            assertThatThrownBy(() -> InflightArea.get(backEnd.frontEnd(), 1, SIZE))
                    .hasMessage("GET_INFLIGHT_FD was answered with 8 bytes and 0 descriptors");
        }
    }
}
