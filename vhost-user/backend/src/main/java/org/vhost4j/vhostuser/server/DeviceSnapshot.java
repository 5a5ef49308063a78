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
 * @param mac the guest's MAC address, 48 bits, first byte on the wire highest; {@link org.vhost4j.device.bridge.PortRules#NO_MAC} when it
 *     is not known
 * @param macSource source of the MAC address
 * @param linkUp whether the operator has set the link up
 * @param lastStop reason of the last stop, even if the device works again
 * @param queues all virtqueues in the order of their indices; empty without a front-end
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
        /** The back-end implements the config space: the address is configured, derived, or set by the driver. */
        DEVICE,
        /**
         * The front-end implements the config space. The address is the one that was configured for the socket, and the guest must use it
         * as the source address of its frames.
         */
        GIVEN,
        /** The front-end implements the config space. The address is the first source address that was seen in the guest's frames. */
        HEARD,
        /** The front-end implements the config space, and the guest has sent no frame yet that would show its address. */
        FRONT_END
    }

    /** The state of a device. */
    public enum State {
        /** No front-end is connected. */
        WAITING,
        /** A front-end is connected, and no queue runs. */
        ATTACHED,
        /** A queue runs, but frames are not forwarded in both directions: not yet, or because the link is down. */
        NEGOTIATED,
        /** Frames are forwarded in both directions. */
        RUNNING,
        /**
         * The driver violated the specification, or guest memory is lost: no queue is processed until GET_VRING_BASE or a reset has stopped
         * every queue.
         */
        STOPPED
    }

    /** Copies the list. */
    public DeviceSnapshot {
        queues = List.copyOf(queues);
    }
}
