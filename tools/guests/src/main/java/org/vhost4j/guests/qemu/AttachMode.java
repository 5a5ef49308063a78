// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Locale;

/** The way in which a device is attached to its back-end. */
enum AttachMode {
    /** QEMU's own virtio-net with {@code -netdev vhost-user}. */
    NETDEV("virtio-net-pci"),
    /** QEMU's generic vhost-user device, of 10.2 and newer. */
    DEVICE("vhost-user-test-device-pci");

    private final String type;

    AttachMode(String type) {
        this.type = type;
    }

    /** Returns QEMU's name of the device. */
    String type() {
        return type;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
