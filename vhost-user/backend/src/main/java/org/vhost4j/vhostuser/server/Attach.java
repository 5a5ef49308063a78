// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** The kind of front-end device by which a guest is attached. It determines whether CONFIG is offered. */
public enum Attach {
    /**
     * Detect the kind: CONFIG is offered, and a front-end that acknowledges CONFIG is a {@link #DEVICE}; any other is a {@link #NETDEV}.
     * QEMU's netdev prints one warning about the offer.
     */
    AUTO,
    /** QEMU's {@code -netdev vhost-user}. QEMU implements the config space and the control queue, so CONFIG is not offered. */
    NETDEV,
    /** QEMU's {@code vhost-user-test-device-pci} or a similar device. The back-end implements the config space and the control queue. */
    DEVICE
}
