// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class HotCallsTest {
    @Test
    void vectorsCarryBytesAndErrors() {
        try (Arena arena = Arena.ofConfined();
                Fd file = MemFd.create("test", 0);
                Fd readOnly = Fd.open("/dev/null", LibC.O_RDONLY)) {
            MemorySegment errno = arena.allocate(HotCalls.ERRNO);
            MemorySegment text = arena.allocateFrom("abcdef");
            MemorySegment vector = arena.allocate(32, 8);
            vector.set(ValueLayout.JAVA_LONG, 0, text.address());
            vector.set(ValueLayout.JAVA_LONG, 8, 2);
            vector.set(ValueLayout.JAVA_LONG, 16, text.address() + 3);
            vector.set(ValueLayout.JAVA_LONG, 24, 3);
            assertThat(HotCalls.writev(errno, file.number(), vector.address(), 2))
                    .isEqualTo(5);
            assertThat(FileStatus.of(file).size()).isEqualTo(5);
            assertThat(HotCalls.readv(errno, file.number(), vector.address(), 2))
                    .isZero();
            assertThat(HotCalls.writev(errno, readOnly.number(), vector.address(), 2))
                    .isEqualTo(-Errno.EBADF);
            vector.set(ValueLayout.JAVA_LONG, 0, 8);
            assertThat(HotCalls.writev(errno, file.number(), vector.address(), 1))
                    .isEqualTo(-Errno.EFAULT);
        }
    }

    @Test
    void nothingIsAllocatedPerCall() {
        try (EventFd event = EventFd.create();
                Fd sink = Fd.open("/dev/null", LibC.O_RDWR);
                Arena arena = Arena.ofConfined()) {
            IoVector vector = new IoVector();
            long piece = arena.allocate(64).address();
            Allocations.assertNoneWhenWarm(Thread.currentThread().threadId(), () -> {
                for (int i = 0; i < 10_000; i++) {
                    event.signal();
                    vector.set(0, piece, 64);
                    vector.write(sink.number(), 1);
                    vector.read(sink.number(), 1);
                    HotCalls.checkpoint();
                }
            });
        }
    }
}
