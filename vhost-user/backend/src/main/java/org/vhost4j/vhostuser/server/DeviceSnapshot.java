// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;
import java.util.Optional;
import org.vhost4j.device.feature.FeatureSet;

/**
 * The state of one guest's device between two bursts.
 *
 * @param name the guest's name
 * @param endpoint the endpoint to which its front-end connects
 * @param state state of the front-end and the driver
 * @param negotiated features that the driver acknowledged; empty before its first queue runs
 * @param mac the guest's MAC address, 48 bits, first byte highest; {@link org.vhost4j.device.bridge.PortRules#NO_MAC} when it is not known
 * @param macSource source of the MAC address
 * @param linkUp whether the operator has the link up
 * @param lastStop reason of the last stop, whether or not the device works again
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
    /** The source of a MAC address. */
    public enum MacSource {
        /** The config space is the back-end's: the address is configured, derived, or set by the driver. */
        DEVICE,
        /**
         * The config space is the front-end's. The address is the one that was configured for the socket, and the
         * guest's frames must have it.
         */
        GIVEN,
        /** The config space is the front-end's. The address is the first source address of the guest's frames. */
        HEARD,
        /** The config space is the front-end's, and no frame has shown its address yet. */
        FRONT_END
    }

    /** The state of a device. */
    public enum State {
        /** There is no front-end. */
        WAITING,
        /** A front-end is connected, and no queue runs. */
        ATTACHED,
        /** A queue runs, but frames do not move both ways: not yet, or because the link is down. */
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
