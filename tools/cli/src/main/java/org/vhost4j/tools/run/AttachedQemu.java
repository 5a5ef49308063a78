// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.platform.definition.MachineDefinition;
import org.vhost4j.platform.definition.QemuVersion;

/**
 * The QEMU whose guests attach, as far as its arguments differ. A machine's name says which QEMU has brought it; that one is taken for the
 * one that runs, and what a newer one wants otherwise is a note.
 *
 * @param version the QEMU that has brought the machine; nothing for the newest
 * @param emulated whether guests run without KVM ({@code -accel tcg})
 */
record AttachedQemu(Optional<QemuVersion> version, boolean emulated) {
    /** The newest one. */
    static final AttachedQemu NEWEST = new AttachedQemu(Optional.empty(), false);

    private static final Path KVM = Path.of("/dev/kvm");

    /**
     * The QEMU of a machine on this host.
     *
     * @param machine the machine that guests are promised
     */
    static AttachedQemu of(Optional<MachineDefinition> machine) {
        return new AttachedQemu(machine.flatMap(MachineDefinition::qemu), !Files.exists(KVM));
    }

    /** How its chardev is told to connect again after a second: in milliseconds since 9.2, which removes the other way in 11. */
    String reconnect() {
        return inSeconds() ? "reconnect=1" : "reconnect-ms=1000";
    }

    /** Whether MSI-X ends it: QEMU 7.2 without KVM crashes when a vhost-user netdev starts with it. */
    boolean withoutVectors() {
        return mayCrash() && emulated;
    }

    /** What is to be changed for another QEMU that has the machine, too; one sentence each. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (inSeconds()) {
            notes.add("QEMU 9.2 and newer want reconnect-ms=1000 instead of reconnect=1.");
        }
        if (withoutVectors()) {
            notes.add("vectors=0 is for QEMU 7.2 with -accel tcg, which crashes without it.");
        } else if (mayCrash()) {
            notes.add("QEMU 7.2 with -accel tcg wants vectors=0 for virtio-net-pci, and crashes without it.");
        }
        return notes;
    }

    private boolean inSeconds() {
        return version.filter(each -> each.isAtMost(9, 1)).isPresent();
    }

    private boolean mayCrash() {
        return version.filter(each -> each.isAtMost(7, 2)).isPresent();
    }
}
