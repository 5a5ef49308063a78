// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.List;
import java.util.Optional;

/**
 * A machine type of one QEMU.
 *
 * @param name name of the machine type
 * @param alias another name, such as {@code q35}
 * @param isDefault whether the machine type is QEMU's default
 * @param compatibility compatibility values for network cards' properties; empty also when this QEMU cannot be queried
 *     (before 9.1)
 */
record QemuMachine(String name, Optional<String> alias, boolean isDefault, List<Compatibility> compatibility) {
    QemuMachine {
        compatibility = List.copyOf(compatibility);
    }

    /**
     * A compatibility value of a machine type.
     *
     * @param type QOM type with the property, such as {@code virtio-net-device}
     * @param property the property
     * @param value on or off, or as QEMU writes it
     */
    record Compatibility(String type, String property, String value) {}

    /** Returns whether the machine type sets a property. */
    boolean keeps(String property) {
        return compatibility.stream().anyMatch(each -> each.property().equals(property));
    }
}
