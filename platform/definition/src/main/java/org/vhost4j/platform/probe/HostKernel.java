// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/** The calls of a probe that have nothing to do with TAP interfaces. Each returns what the call returned, or the negative errno. */
interface HostKernel {
    /**
     * Asks {@code /dev/vhost-net} for its feature bits: all 128 (VHOST_GET_FEATURES_ARRAY, Linux 6.17), or the lower 64 where the
     * kernel knows no more (VHOST_GET_FEATURES).
     *
     * @param features takes bits 0 to 63 in its first element and bits 64 to 127 in its second, which is 0 when the kernel has none
     * @return 0 or the negative errno
     */
    int vhostNetFeatures(long[] features);

    /**
     * userfaultfd(2) for faults of user space only, which needs no right since Linux 5.11.
     *
     * @return 0 or the negative errno
     */
    int userfaultfd();

    /**
     * socket(2) of the family AF_XDP.
     *
     * @return 0 or the negative errno
     */
    int xdpSocket();

    /**
     * io_uring_setup(2) of no entries, which a kernel that has it answers with EINVAL.
     *
     * @return the negative errno
     */
    int ioUringSetup();

    /**
     * VHOST_GET_FEATURES of a vhost device other than vhost-net.
     *
     * @param device such as {@code /dev/vhost-vsock}
     * @param features takes the bits in its first element
     * @return 0 or the negative errno
     */
    int vhostFeatures(String device, long[] features);

    /**
     * KVM_GET_SUPPORTED_CPUID: what guests on an x86 processor can be shown of the leaf 0x40000001, where KVM says what it does for them
     * (Documentation/virt/kvm/x86/cpuid.rst).
     *
     * @param registers takes EAX in its first element
     * @return 0 or the negative errno; -EOPNOTSUPP where this kernel's processor is another
     */
    int kvmFeatures(int[] registers);

    /**
     * KVM_CHECK_EXTENSION.
     *
     * @param capability a {@code KVM_CAP_}
     * @return 0 when KVM has it not, more when it has, or the negative errno
     */
    int kvmExtension(int capability);

    /**
     * sysconf(3) of {@code _SC_PAGESIZE}.
     *
     * @return the size of a page in bytes
     */
    int pageSize();
}
