// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.List;
import java.util.Optional;

/**
 * A machine type of one QEMU.
 *
 * @param name its name
 * @param alias another name, such as {@code q35}
 * @param isDefault whether QEMU takes it when none is named
 * @param compatibility what it keeps of network cards' properties; empty also where this QEMU cannot be asked (before 9.1)
 */
record QemuMachine(String name, Optional<String> alias, boolean isDefault, List<Compatibility> compatibility) {
    QemuMachine {
        compatibility = List.copyOf(compatibility);
    }

    /**
     * A value that a machine type keeps.
     *
     * @param type the QOM type that it is kept for, such as {@code virtio-net-device}
     * @param property the property
     * @param value on or off, or as in QEMU
     */
    record Compatibility(String type, String property, String value) {}

    /** Whether the machine itself says anything about a property. */
    boolean keeps(String property) {
        return compatibility.stream().anyMatch(each -> each.property().equals(property));
    }
}
