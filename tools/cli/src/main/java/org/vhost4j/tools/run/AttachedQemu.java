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
 * The QEMU version of the guests, on which its command-line arguments depend. It is assumed to be the version that introduced the machine.
 * {@link #notes} has the differences for newer versions.
 *
 * @param version the QEMU version that introduced the machine; empty for the newest
 * @param emulated whether guests run without KVM ({@code -accel tcg})
 */
record AttachedQemu(Optional<QemuVersion> version, boolean emulated) {
    /** The newest version. */
    static final AttachedQemu NEWEST = new AttachedQemu(Optional.empty(), false);

    private static final Path KVM = Path.of("/dev/kvm");

    /**
     * Returns the QEMU version for a machine on this host.
     *
     * @param machine the machine that guests are promised
     */
    static AttachedQemu of(Optional<MachineDefinition> machine) {
        return new AttachedQemu(machine.flatMap(MachineDefinition::qemu), !Files.exists(KVM));
    }

    /**
     * Returns the chardev property for reconnecting after a second: in milliseconds since 9.2; QEMU 11 removes the
     * other property.
     */
    String reconnect() {
        return inSeconds() ? "reconnect=1" : "reconnect-ms=1000";
    }

    /** Returns whether MSI-X must be off: QEMU 7.2 without KVM crashes when a vhost-user netdev starts with it. */
    boolean withoutVectors() {
        return mayCrash() && emulated;
    }

    /** Returns the changes that other QEMU versions with this machine need, one sentence each. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (inSeconds()) {
            notes.add("QEMU 9.2 and newer require reconnect-ms=1000 instead of reconnect=1.");
        }
        if (withoutVectors()) {
            notes.add("vectors=0 is for QEMU 7.2 with -accel tcg, which crashes without it.");
        } else if (mayCrash()) {
            notes.add("QEMU 7.2 with -accel tcg requires vectors=0 for virtio-net-pci, and crashes without it.");
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
