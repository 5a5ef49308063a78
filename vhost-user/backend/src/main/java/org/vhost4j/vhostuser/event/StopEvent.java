// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** JDK Flight Recorder event: a device has stopped because of an error of its driver or front-end. */
@Name("vhost4j.Stop")
@Label("Device Stop")
@Description("A device has stopped, and does nothing until its rings are stopped or reset")
@Category("vhost4j")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
public final class StopEvent extends Event {
    @Label("Guest")
    private final String guest;

    @Label("Cause")
    private final String cause;

    private StopEvent(String guest, String cause) {
        this.guest = guest;
        this.cause = cause;
    }

    /**
     * Records the event if it is enabled in a recording.
     *
     * @param guest name of the guest
     * @param cause the cause, in one line
     */
    public static void record(String guest, String cause) {
        if (new StopEvent(guest, cause).isEnabled()) {
            new StopEvent(guest, cause).commit();
        }
    }
}
