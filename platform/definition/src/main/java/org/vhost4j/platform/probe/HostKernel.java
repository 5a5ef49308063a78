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
}
