// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.List;

/**
 * The observations of one QEMU.
 *
 * @param name the name of the QEMU in tables
 * @param version the output line of {@code --version}
 * @param machines the observations of its machines: at least one, the newest q35 first
 */
public record QemuRecord(String name, String version, List<MachineRecord> machines) {
    public QemuRecord {
        machines = List.copyOf(machines);
    }

    /** Returns the newest machine, with which the others are compared. */
    MachineRecord newest() {
        return machines.getFirst();
    }
}
