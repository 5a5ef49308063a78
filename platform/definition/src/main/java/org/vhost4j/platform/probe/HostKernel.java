// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/** The system calls of a probe other than those for TAP interfaces. Each method returns the call's result, or the negative errno. */
interface HostKernel {
    /**
     * Reads the feature bits of {@code /dev/vhost-net}: all 128 (VHOST_GET_FEATURES_ARRAY, Linux 6.17), or the lower 64
     * if the kernel supports no more (VHOST_GET_FEATURES).
     *
     * @param features receives bits 0 to 63 in its first element and bits 64 to 127 in its second, which is 0 when the
     *     kernel has none
     * @return 0 or the negative errno
     */
    int vhostNetFeatures(long[] features);

    /**
     * Calls userfaultfd(2) for user-space faults only, which needs no privilege since Linux 5.11.
     *
     * @return 0 or the negative errno
     */
    int userfaultfd();

    /**
     * Calls socket(2) with the family AF_XDP.
     *
     * @return 0 or the negative errno
     */
    int xdpSocket();

    /**
     * Calls io_uring_setup(2) with no entries, for which a kernel that supports it returns EINVAL.
     *
     * @return the negative errno
     */
    int ioUringSetup();

    /**
     * Calls VHOST_GET_FEATURES of a vhost device other than vhost-net.
     *
     * @param device path of the device, such as {@code /dev/vhost-vsock}
     * @param features receives the bits in its first element
     * @return 0 or the negative errno
     */
    int vhostFeatures(String device, long[] features);

    /**
     * Calls KVM_GET_SUPPORTED_CPUID: reads the KVM features that guests on an x86 processor can see in leaf 0x40000001
     * (Documentation/virt/kvm/x86/cpuid.rst).
     *
     * @param registers receives EAX in its first element
     * @return 0 or the negative errno; -EOPNOTSUPP on other processors
     */
    int kvmFeatures(int[] registers);

    /**
     * Calls KVM_CHECK_EXTENSION.
     *
     * @param capability a {@code KVM_CAP_} number
     * @return a positive number when KVM has the capability, 0 when it does not, or the negative errno
     */
    int kvmExtension(int capability);

    /**
     * Returns the page size ({@code sysconf(_SC_PAGESIZE)}).
     *
     * @return the size of a page in bytes
     */
    int pageSize();
}
