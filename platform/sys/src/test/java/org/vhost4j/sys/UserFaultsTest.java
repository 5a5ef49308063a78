// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/**
 * Tests the handling of this process's page faults: a system call that reads a missing page waits until the page is
 * placed.
 */
class UserFaultsTest {
    private static final int PAGE = 4096;
    private static final long SYS_USERFAULTFD = System.getProperty("os.arch").equals("aarch64") ? 282 : 323;
    private static final long UFFDIO_API = 0xc018aa3fL;
    private static final long UFFDIO_REGISTER = 0xc020aa00L;

    @Test
    void whoTouchesAPageWaitsUntilItIsPlaced() throws InterruptedException {
        try (Fd file = MemFd.create("faults", 2 * PAGE);
                MappedFile mapped = MappedFile.map(file, 0, 2 * PAGE, "faults");
                Fd sink = MemFd.create("sink", 0);
                UserFaults faults = register(mapped.segment());
                Arena arena = Arena.ofConfined()) {
            assertThat(faults.next()).isEqualTo(UserFaults.NONE);
            long second = mapped.segment().address() + PAGE;
            // write(2) reads the page inside the kernel, where this thread delays no other.
            Thread reader = Thread.ofPlatform().start(() -> HotCalls.write(sink.number(), second + 5, 11));
            long touched = UserFaults.NONE;
            while (touched == UserFaults.NONE && reader.isAlive()) {
                touched = faults.next();
            }
            assertThat(touched & -PAGE).isEqualTo(second);
            MemorySegment page = arena.allocate(PAGE, PAGE).fill((byte) 0x5a);
            assertThat(faults.place(second, page)).isTrue();
            assertThat(reader.join(Await.PATIENCE)).isTrue();
            try (MappedFile written = MappedFile.map(sink, 0, 11, "sink")) {
                assertThat(written.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0x5a);
            }
            assertThat(faults.place(second, page)).as("it is there").isFalse();
            assertThat(faults.place(second - PAGE, page))
                    .as("no thread waits for it")
                    .isTrue();
        }
    }

    private static UserFaults register(MemorySegment range) {
        Fd fd = Fd.of(LibC.syscall(SYS_USERFAULTFD, LibC.O_CLOEXEC, 0, 0), "cannot create a userfaultfd");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment api = arena.allocate(24, 8);
            api.set(ValueLayout.JAVA_LONG, 0, 0xaa);
            SystemError.check(LibC.ioctl(fd.number(), UFFDIO_API, api.address()), "cannot begin");
            MemorySegment register = arena.allocate(32, 8);
            register.set(ValueLayout.JAVA_LONG, 0, range.address());
            register.set(ValueLayout.JAVA_LONG, 8, range.byteSize());
            register.set(ValueLayout.JAVA_LONG, 16, 1);
            SystemError.check(LibC.ioctl(fd.number(), UFFDIO_REGISTER, register.address()), "cannot register");
            return new UserFaults(fd);
        }
    }
}
