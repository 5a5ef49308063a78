// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** JDK Flight Recorder event: a device was reset. */
@Name("vhost4j.Reset")
@Label("Device Reset")
@Description("A device was reset, or its driver paused")
@Category("vhost4j")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
public final class ResetEvent extends Event {
    @Label("Guest")
    private final String guest;

    @Label("Cause")
    private final String cause;

    private ResetEvent(String guest, String cause) {
        this.guest = guest;
        this.cause = cause;
    }

    /**
     * Records the event if it is enabled in a recording.
     *
     * @param guest name of the guest
     * @param cause RESET_DEVICE, STATUS_CLEARED, or DISCONNECTED when the connection has ended
     */
    public static void record(String guest, String cause) {
        if (new ResetEvent(guest, cause).isEnabled()) {
            new ResetEvent(guest, cause).commit();
        }
    }
}
