// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;
import java.util.Optional;
import org.vhost4j.device.feature.FeatureSet;

/**
 * One guest's device as it was between two bursts.
 *
 * @param name the guest's name
 * @param endpoint where its front-end is met
 * @param state how far the front-end and the driver have come
 * @param negotiated what the driver acknowledged; nothing before its first queue runs
 * @param mac the guest's MAC address, 48 bits, first byte highest; {@link org.vhost4j.device.bridge.PortRules#NO_MAC} when it is not known
 * @param macSource who says so
 * @param linkUp whether its operator has the link up
 * @param lastStop why the device stopped the last time, whether or not it works again
 * @param queues every virtqueue in the order of their indices; none without a front-end
 */
public record DeviceSnapshot(
        String name,
        Endpoint endpoint,
        State state,
        Optional<FeatureSet> negotiated,
        long mac,
        MacSource macSource,
        boolean linkUp,
        Optional<String> lastStop,
        List<QueueSnapshot> queues) {
    /** Where a MAC address comes from. */
    public enum MacSource {
        /** Our config space has it: it is given, suggested, or set by the driver. */
        DEVICE,
        /** The config space is the front-end's. The address is the one that was given to the socket, and the guest's frames must have it. */
        GIVEN,
        /** The config space is the front-end's. The address is the one that the guest's frames came from first. */
        HEARD,
        /** The config space is the front-end's, and no frame has shown its address yet. */
        FRONT_END
    }

    /** How far a device has come. */
    public enum State {
        /** There is no front-end. */
        WAITING,
        /** A front-end is connected, and no queue runs. */
        ATTACHED,
        /** A queue runs, and frames do not move both ways: not yet, or because the link is down. */
        NEGOTIATED,
        /** Frames move. */
        RUNNING,
        /** The driver broke a rule or its memory vanished: nothing moves until GET_VRING_BASE or a reset has stopped every queue. */
        STOPPED
    }

    /** Copies the list. */
    public DeviceSnapshot {
        queues = List.copyOf(queues);
    }
}
