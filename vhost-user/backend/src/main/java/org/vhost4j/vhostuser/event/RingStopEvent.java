// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** JDK Flight Recorder event: a ring has stopped. */
@Name("vhost4j.RingStop")
@Label("Ring Stop")
@Description("The device no longer uses a ring")
@Category("vhost4j")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
public final class RingStopEvent extends Event {
    @Label("Guest")
    private final String guest;

    @Label("Ring")
    private final int ring;

    @Label("Base")
    private final int base;

    private RingStopEvent(String guest, int ring, int base) {
        this.guest = guest;
        this.ring = ring;
        this.base = base;
    }

    /**
     * Records the event if it is enabled in a recording.
     *
     * @param guest name of the guest
     * @param ring index of the ring
     * @param base position at which the ring has stopped, as in the reply to GET_VRING_BASE
     */
    public static void record(String guest, int ring, int base) {
        if (new RingStopEvent(guest, ring, base).isEnabled()) {
            new RingStopEvent(guest, ring, base).commit();
        }
    }
}
