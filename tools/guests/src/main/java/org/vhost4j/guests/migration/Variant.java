// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

/**
 * The properties of a guest that moves, and of the QEMUs between which it moves.
 *
 * @param name the name of the variant in tables and file names: letters, digits and hyphens
 * @param firstQemu the QEMU in which the guest boots: {@code 11}, {@code suite} (10.0), {@code stock} or {@code uso} (which passes USO), as
 *     in {@code tools/lab/guest}
 * @param secondQemu the QEMU of the first destination
 * @param queuePairs the number of queue pairs of the device, 1 to 127; the guest uses all of them
 * @param lanes the number of lanes, 1 or 2, of a back-end that has lanes; with 2 the guest is on the second lane, and the TAP on the first
 * @param spread whether the queue pairs of the guest are on all lanes, {@code --queue-lanes=on}
 * @param packed whether the rings are packed
 * @param mergeable whether the device has MRG_RXBUF
 * @param guestAnnounce whether the device has GUEST_ANNOUNCE; without it QEMU requests an announcement from the back-end with SEND_RARP
 * @param returnPath whether the destination answers the source during the migration, QEMU's {@code return-path}
 * @param eventful whether the migration is combined with other events: back-ends end, network cards are plugged, memory is transferred to
 *     another QEMU on this host. QEMU is then started so that it reconnects, and with a slot for a second card
 */
public record Variant(
        String name,
        String firstQemu,
        String secondQemu,
        int queuePairs,
        int lanes,
        boolean spread,
        boolean packed,
        boolean mergeable,
        boolean guestAnnounce,
        boolean returnPath,
        boolean eventful) {
    /** One queue pair, split rings, mergeable buffers, from QEMU 11.1 to QEMU 11.1, with a return path. */
    public static final Variant PLAIN = new Variant("plain", "11", "11", 1, 1, false, false, true, true, true, false);

    /** The name of the QEMU of {@code tools/lab/provision --uso-qemu}. */
    private static final String USO_QEMU = "uso";

    /**
     * The machine type of guests in the QEMU with USO, the newest that it has. That QEMU release disables USO for this type, so that the
     * device property has to be set.
     */
    public static final String USO_MACHINE = "pc-q35-10.2";

    /** Returns this variant with the given name. */
    public Variant named(String other) {
        return new Variant(
                other,
                firstQemu,
                secondQemu,
                queuePairs,
                lanes,
                spread,
                packed,
                mergeable,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant with the given QEMUs. */
    public Variant between(String first, String second) {
        return new Variant(
                name, first, second, queuePairs, lanes, spread, packed, mergeable, guestAnnounce, returnPath, eventful);
    }

    /** Returns this variant with the given number of queue pairs. */
    public Variant withQueuePairs(int number) {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                number,
                lanes,
                spread,
                packed,
                mergeable,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant with the given number of lanes. */
    public Variant onLanes(int number) {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                number,
                spread,
                packed,
                mergeable,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant with several lanes, and the guest's queue pairs on all of them. */
    public Variant spreadOver(int number) {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                number,
                true,
                packed,
                mergeable,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant with packed rings. */
    public Variant packedRings() {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                lanes,
                spread,
                true,
                mergeable,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant without mergeable buffers, so that a page that was written but not marked as dirty is detected. */
    public Variant withoutMergeableBuffers() {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                lanes,
                spread,
                packed,
                false,
                guestAnnounce,
                returnPath,
                eventful);
    }

    /** Returns this variant without GUEST_ANNOUNCE. */
    public Variant withoutGuestAnnounce() {
        return new Variant(
                name, firstQemu, secondQemu, queuePairs, lanes, spread, packed, mergeable, false, returnPath, eventful);
    }

    /** Returns this variant without a return path. */
    public Variant withoutReturnPath() {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                lanes,
                spread,
                packed,
                mergeable,
                guestAnnounce,
                false,
                eventful);
    }

    /** Returns this variant with {@code eventful}: back-ends end and network cards are plugged during the test. */
    public Variant withEvents() {
        return new Variant(
                name,
                firstQemu,
                secondQemu,
                queuePairs,
                lanes,
                spread,
                packed,
                mergeable,
                guestAnnounce,
                returnPath,
                true);
    }

    /** Returns the machine type, which both QEMUs have to support. */
    String machine() {
        String machine =
                passesUso() ? USO_MACHINE : firstQemu.equals("11") && secondQemu.equals("11") ? "q35" : "pc-q35-10.0";
        return eventful ? machine + ",aux-ram-share=on" : machine;
    }

    private boolean passesUso() {
        return firstQemu.equals(USO_QEMU);
    }

    /**
     * Returns the size of the guest's memory: without mergeable buffers Linux posts 64 KiB for each frame, in every
     * queue.
     */
    String memory() {
        return mergeable ? "256M" : 256 + 64 * (queuePairs - 1) + "M";
    }

    /** Returns the properties of {@code virtio-net-pci} for this variant. */
    String deviceProperties() {
        StringBuilder properties = new StringBuilder();
        if (queuePairs > 1) {
            // One vector for each queue, one for the control queue, and one for configuration changes.
            properties.append(",mq=on,vectors=").append(2 * queuePairs + 2);
        }
        if (passesUso()) {
            properties.append(",vhost-user-uso=on");
        }
        if (packed) {
            properties.append(",packed=on");
        }
        if (!mergeable) {
            properties.append(",mrg_rxbuf=off");
        }
        if (!guestAnnounce) {
            properties.append(",guest_announce=off");
        }
        return properties.toString();
    }
}
