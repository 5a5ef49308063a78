// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** The way in which a guest is attached, which the back-end has to know before the front-end negotiates. */
public enum Attach {
    /**
     * Detected: CONFIG is offered, and a front-end that acknowledges it is a {@link #DEVICE}, any other a {@link
     * #NETDEV}. QEMU's netdev warns about the offer once.
     */
    AUTO,
    /** QEMU's {@code -netdev vhost-user}: config space and control queue are QEMU's, so CONFIG is not offered. */
    NETDEV,
    /**
     * QEMU's {@code vhost-user-test-device-pci} or a similar device: config space and control queue are the back-end's.
     */
    DEVICE
}
