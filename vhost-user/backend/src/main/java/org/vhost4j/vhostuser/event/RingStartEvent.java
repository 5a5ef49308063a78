// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** JDK Flight Recorder event: a ring has started. */
@Name("vhost4j.RingStart")
@Label("Ring Start")
@Description("The device uses a ring from now on")
@Category("vhost4j")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
public final class RingStartEvent extends Event {
    @Label("Guest")
    private final String guest;

    @Label("Ring")
    private final int ring;

    @Label("Size")
    private final int size;

    @Label("Packed")
    private final boolean packed;

    @Label("Base")
    private final int base;

    private RingStartEvent(String guest, int ring, int size, boolean packed, int base) {
        this.guest = guest;
        this.ring = ring;
        this.size = size;
        this.packed = packed;
        this.base = base;
    }

    /**
     * Records the event if it is enabled in a recording.
     *
     * @param guest name of the guest
     * @param ring index of the ring
     * @param size number of descriptors
     * @param packed whether it is a packed ring
     * @param base position at which the ring starts, as in SET_VRING_BASE
     */
    public static void record(String guest, int ring, int size, boolean packed, int base) {
        if (new RingStartEvent(guest, ring, size, packed, base).isEnabled()) {
            new RingStartEvent(guest, ring, size, packed, base).commit();
        }
    }
}
