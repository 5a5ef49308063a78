// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;

/** Tests that memories compare as equal, or the first difference is reported. */
class GuestMemoryTest {
    private static final long BYTES = 64 * 4096;

    @Test
    void everyDifferingPageIsNamedOnce() throws IOException {
        try (Fd first = MemFd.create("one", BYTES);
                Fd second = MemFd.create("other", BYTES);
                MappedFile mapping = MappedFile.map(second, 0, BYTES, "memory")) {
            assertThat(GuestMemory.differingPages(path(first), path(second))).isEmpty();
            mapping.segment().set(ValueLayout.JAVA_BYTE, 3 * 4096, (byte) 1);
            mapping.segment().set(ValueLayout.JAVA_BYTE, 3 * 4096 + 100, (byte) 1);
            mapping.segment().set(ValueLayout.JAVA_BYTE, BYTES - 1, (byte) 1);
            assertThat(GuestMemory.differingPages(path(first), path(second))).containsExactly(3 * 4096L, BYTES - 4096);
        }
    }

    @Test
    void memoriesOfDifferentSizeAreNoComparison() {
        try (Fd first = MemFd.create("one", BYTES);
                Fd second = MemFd.create("other", BYTES / 2)) {
            assertThatThrownBy(() -> GuestMemory.differingPages(path(first), path(second)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("262144 and of 131072 bytes");
        }
    }

    @Test
    void aProcessWithoutGuestMemoryIsNamed() {
        long own = ProcessHandle.current().pid();
        assertThatThrownBy(() -> GuestMemory.differingPages(own, own))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has no memory-backend-memfd");
    }

    private static java.nio.file.Path path(Fd fd) {
        return java.nio.file.Path.of("/proc/self/fd", Integer.toString(fd.number()));
    }
}
