// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * The system calls of a probe on {@code /dev/net/tun} (linux/if_tun.h). Every method returns the call's result, or the negative errno. An
 * object has at most one temporary TAP.
 */
interface TunKernel extends AutoCloseable {
    /**
     * Opens {@code /dev/net/tun}.
     *
     * @return 0 or the negative errno
     */
    int open();

    /**
     * Calls TUNGETFEATURES.
     *
     * @return the {@code IFF_} flags that the kernel knows, or the negative errno
     */
    int features();

    /**
     * Calls TUNSETIFF for a TAP with a virtio-net header, which stays down until {@link #close} removes it.
     *
     * @return 0 or the negative errno
     */
    int createTap();

    /**
     * Calls TUNSETOFFLOAD.
     *
     * @param mask {@code TUN_F_} flags
     * @return 0 or the negative errno
     */
    int setOffload(int mask);

    /**
     * Calls TUNSETVNETHDRSZ.
     *
     * @param bytes the size of the virtio-net header
     * @return 0 or the negative errno
     */
    int setHeaderSize(int bytes);

    /**
     * Writes one frame.
     *
     * @param frame a 10-byte virtio-net header and an Ethernet frame
     * @return bytes written or the negative errno
     */
    int write(byte[] frame);

    @Override
    void close();
}
