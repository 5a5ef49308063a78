// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

/** How a guest is attached, where the back-end must know it before the front-end negotiates. */
public enum Attach {
    /** Either way: CONFIG is offered, and whether the front-end takes it tells which. QEMU's netdev warns about it once. */
    AUTO,
    /** QEMU's {@code -netdev vhost-user}: config space and control queue are QEMU's, so CONFIG is not offered. */
    NETDEV,
    /** QEMU's {@code vhost-user-test-device-pci} or its like: config space and control queue are ours. */
    DEVICE
}
