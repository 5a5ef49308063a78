// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** The kernel that this process runs on. */
final class LinuxKernel implements HostKernel {
    private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");

    private static final long VHOST_GET_FEATURES = 0x8008af00L;
    private static final int SYS_SOCKET = X86_64 ? 41 : 198;
    private static final int SYS_USERFAULTFD = X86_64 ? 323 : 282;
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int UFFD_USER_MODE_ONLY = 1;
    private static final int AF_XDP = 44;
    private static final int SOCK_RAW = 3;

    @Override
    public int vhostNetFeatures(long[] features) {
        try (Fd fd = Fd.open("/dev/vhost-net", LibC.O_RDWR);
                Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_LONG);
            int result = LibC.ioctl(fd.number(), VHOST_GET_FEATURES, word.address());
            features[0] = word.get(ValueLayout.JAVA_LONG, 0);
            return result;
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    @Override
    public int userfaultfd() {
        return openAndClose(LibC.syscall(SYS_USERFAULTFD, LibC.O_CLOEXEC | UFFD_USER_MODE_ONLY, 0, 0));
    }

    @Override
    public int xdpSocket() {
        return openAndClose(LibC.syscall(SYS_SOCKET, AF_XDP, SOCK_RAW | LibC.SOCK_CLOEXEC, 0));
    }

    @Override
    public int ioUringSetup() {
        int result = LibC.syscall(SYS_IO_URING_SETUP, 0, 0, 0);
        return result >= 0 ? openAndClose(result) : result;
    }

    private static int openAndClose(int result) {
        return result < 0 ? result : LibC.close(result);
    }
}
