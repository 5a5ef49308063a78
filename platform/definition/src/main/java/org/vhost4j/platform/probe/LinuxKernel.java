// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalInt;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;

/** The kernel on which this process runs. */
final class LinuxKernel implements HostKernel {
    private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");

    private static final long VHOST_GET_FEATURES = 0x8008af00L;
    private static final long VHOST_GET_FEATURES_ARRAY = 0x8008af83L;
    /** Number of requested 64-bit words of the feature array: 128 bits. */
    private static final int WORDS = 2;

    private static final int SYS_SOCKET = X86_64 ? 41 : 198;
    private static final int SYS_USERFAULTFD = X86_64 ? 323 : 282;
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int UFFD_USER_MODE_ONLY = 1;
    private static final int AF_XDP = 44;
    private static final int SOCK_RAW = 3;

    private static final long KVM_CHECK_EXTENSION = 0xae03L;
    private static final long KVM_GET_SUPPORTED_CPUID = 0xc008ae05L;
    private static final int KVM_CPUID_FEATURES = 0x40000001;
    /** Sizes in {@code struct kvm_cpuid2}: its header, and an entry with the leaf's number at 0 and EAX at 12. */
    private static final int CPUID_HEAD = 8;

    private static final int CPUID_ENTRY = 40;
    private static final int CPUID_EAX = 12;
    private static final int CPUID_ENTRIES = 256;
    private static final int EOPNOTSUPP = 95;

    private final OptionalInt passed;

    /** Creates a kernel whose vhost devices are opened by this process. */
    LinuxKernel() {
        this(OptionalInt.empty());
    }

    /**
     * Creates a kernel that reads one vhost device through a descriptor that another process opened, as management
     * software passes it to QEMU ({@code vhostfd=}).
     *
     * @param passed a descriptor of the device, which stays open; empty to open the device
     */
    LinuxKernel(OptionalInt passed) {
        this.passed = passed;
    }

    @Override
    public int vhostNetFeatures(long[] features) {
        if (passed.isPresent()) {
            return features(passed.getAsInt(), features);
        }
        try (Fd fd = Fd.open("/dev/vhost-net", LibC.O_RDWR)) {
            return features(fd.number(), features);
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    private static int features(int fd, long[] features) {
        try (Arena arena = Arena.ofConfined()) {
            // struct vhost_features_array: a count, then that many 64-bit words. A kernel before 6.17 has no such call;
            // its error depends on whether the descriptor has an owner.
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

    @Override
    public int vhostFeatures(String device, long[] features) {
        if (passed.isPresent()) {
            return word(passed.getAsInt(), features);
        }
        try (Fd fd = Fd.open(device, LibC.O_RDWR)) {
            return word(fd.number(), features);
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    private static int word(int fd, long[] features) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_LONG);
            int result = LibC.ioctl(fd, VHOST_GET_FEATURES, word.address());
            features[0] = word.get(ValueLayout.JAVA_LONG, 0);
            return result;
        }
    }

    @Override
    public int kvmFeatures(int[] registers) {
        if (!X86_64) {
            return -EOPNOTSUPP;
        }
        try (Fd fd = Fd.open("/dev/kvm", LibC.O_RDWR);
                Arena arena = Arena.ofConfined()) {
            MemorySegment cpuid = arena.allocate(CPUID_HEAD + (long) CPUID_ENTRIES * CPUID_ENTRY, Long.BYTES);
            cpuid.set(ValueLayout.JAVA_INT, 0, CPUID_ENTRIES);
            int result = LibC.ioctl(fd.number(), KVM_GET_SUPPORTED_CPUID, cpuid.address());
            int entries = Math.min(cpuid.get(ValueLayout.JAVA_INT, 0), CPUID_ENTRIES);
            for (int i = 0; result >= 0 && i < entries; i++) {
                long entry = CPUID_HEAD + (long) i * CPUID_ENTRY;
                if (cpuid.get(ValueLayout.JAVA_INT, entry) == KVM_CPUID_FEATURES) {
                    registers[0] = cpuid.get(ValueLayout.JAVA_INT, entry + CPUID_EAX);
                }
            }
            return result;
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    @Override
    public int kvmExtension(int capability) {
        try (Fd fd = Fd.open("/dev/kvm", LibC.O_RDWR)) {
            return LibC.ioctl(fd.number(), KVM_CHECK_EXTENSION, capability);
        } catch (SystemError e) {
            return -e.errno();
        }
    }

    @Override
    public int pageSize() {
        return LibC.pageSize();
    }

    private static int openAndClose(int result) {
        return result < 0 ? result : LibC.close(result);
    }
}
