// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.event;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.vhost4j.device.feature.FeatureSet;

/** JDK Flight Recorder event: a driver has acknowledged features. */
@Name("vhost4j.Negotiation")
@Label("Negotiation")
@Description("A driver's features are in force: its first ring has started")
@Category("vhost4j")
@StackTrace(false)
@SuppressWarnings("unused") // The Flight Recorder reads the fields.
public final class NegotiationEvent extends Event {
    @Label("Guest")
    private final String guest;

    @Label("Offered Features")
    private final String offered;

    @Label("Acknowledged Features")
    private final String acknowledged;

    @Label("Front-End Process")
    private final long frontEnd;

    private NegotiationEvent(String guest, String offered, String acknowledged, long frontEnd) {
        this.guest = guest;
        this.offered = offered;
        this.acknowledged = acknowledged;
        this.frontEnd = frontEnd;
    }

    /**
     * Records the event if it is enabled in a recording.
     *
     * @param guest name of the guest
     * @param offered features that the guest was offered
     * @param acknowledged features that its driver has acknowledged
     * @param frontEnd process ID of the front-end that sent the first message; 0 when it is not visible in this PID namespace
     */
    public static void record(String guest, FeatureSet offered, FeatureSet acknowledged, long frontEnd) {
        if (new NegotiationEvent(guest, "", "", frontEnd).isEnabled()) {
            new NegotiationEvent(guest, offered.toString(), acknowledged.toString(), frontEnd).commit();
        }
    }
}
