// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** The kernel that this process runs on. */
final class LinuxKernel implements HostKernel {
    private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");

    private static final long VHOST_GET_FEATURES = 0x8008af00L;
    private static final long VHOST_GET_FEATURES_ARRAY = 0x8008af83L;
    /** Words of the array that are asked for: 128 bits. */
    private static final int WORDS = 2;

    private static final int SYS_SOCKET = X86_64 ? 41 : 198;
    private static final int SYS_USERFAULTFD = X86_64 ? 323 : 282;
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int UFFD_USER_MODE_ONLY = 1;
    private static final int AF_XDP = 44;
    private static final int SOCK_RAW = 3;

    private final OptionalInt vhostNet;

    /** A kernel whose vhost-net is asked through its device. */
    LinuxKernel() {
        this(OptionalInt.empty());
    }

    /**
     * A kernel whose vhost-net is asked through a descriptor of {@code /dev/vhost-net} that another process opened, as management
     * software passes it to QEMU ({@code vhostfd=}).
     *
     * @param vhostNet the descriptor, which stays open; empty to open the device
     */
    LinuxKernel(OptionalInt vhostNet) {
        this.vhostNet = vhostNet;
    }

    @Override
    public int vhostNetFeatures(long[] features) {
        if (vhostNet.isPresent()) {
            return features(vhostNet.getAsInt(), features);
        }
        try (Fd fd = Fd.open("/dev/vhost-net", LibC.O_RDWR)) {
            return features(fd.number(), features);
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    private static int features(int fd, long[] features) {
        try (Arena arena = Arena.ofConfined()) {
            // struct vhost_features_array: a count, and as many words. A kernel before 6.17 has no such call; what it
            // answers depends
            // on whether the descriptor has an owner.
            MemorySegment array = arena.allocate(ValueLayout.JAVA_LONG, 1 + WORDS);
            array.setAtIndex(ValueLayout.JAVA_LONG, 0, WORDS);
            if (LibC.ioctl(fd, VHOST_GET_FEATURES_ARRAY, array.address()) >= 0) {
                features[0] = array.getAtIndex(ValueLayout.JAVA_LONG, 1);
                features[1] = array.getAtIndex(ValueLayout.JAVA_LONG, WORDS);
                return 0;
            }
            MemorySegment word = arena.allocate(ValueLayout.JAVA_LONG);
            int result = LibC.ioctl(fd, VHOST_GET_FEATURES, word.address());
            features[0] = word.get(ValueLayout.JAVA_LONG, 0);
            features[1] = 0;
            return result;
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
