// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.List;

/**
 * One QEMU.
 *
 * @param name what to call it
 * @param version its {@code --version} line
 * @param machines what was observed of its machines: at least one, the newest q35 first
 */
public record QemuRecord(String name, String version, List<MachineRecord> machines) {
    public QemuRecord {
        machines = List.copyOf(machines);
    }

    /** The machine that the others are compared with. */
    MachineRecord newest() {
        return machines.getFirst();
    }
}
