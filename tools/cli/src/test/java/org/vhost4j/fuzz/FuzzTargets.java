// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.vhost4j.device.capture.FilterTarget;
import org.vhost4j.device.net.ControlTarget;
import org.vhost4j.device.net.DeviceTarget;
import org.vhost4j.device.offload.CoalescerTarget;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.host.stream.StreamTarget;
import org.vhost4j.qmp.QmpTarget;
import org.vhost4j.tools.metrics.HttpTarget;
import org.vhost4j.tools.run.ConfigTarget;
import org.vhost4j.vhostuser.server.AcknowledgedTarget;
import org.vhost4j.vhostuser.server.StateTarget;
import org.vhost4j.vhostuser.session.SessionTarget;

/** All targets by their names. */
final class FuzzTargets {
    private static final Map<String, Supplier<FuzzTarget>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("message", MessageTarget::new);
        ALL.put("session", SessionTarget::new);
        ALL.put("split", () -> new RingTarget(RingLayout.SPLIT));
        ALL.put("packed", () -> new RingTarget(RingLayout.PACKED));
        ALL.put("inflight", InflightTarget::new);
        ALL.put("control", ControlTarget::new);
        ALL.put("device", DeviceTarget::new);
        ALL.put("offload", OffloadTarget::new);
        ALL.put("coalescer", CoalescerTarget::new);
        ALL.put("state", StateTarget::new);
        ALL.put("qmp", QmpTarget::new);
        ALL.put("definition", DefinitionTarget::new);
        ALL.put("config", ConfigTarget::new);
        ALL.put("filter", FilterTarget::new);
        ALL.put("http", HttpTarget::new);
        ALL.put("stream", StreamTarget::new);
        ALL.put("acknowledged", AcknowledgedTarget::new);
        ALL.put("trace", TraceTarget::new);
        ALL.put("capabilities", CapabilitiesTarget::new);
    }

    private FuzzTargets() {}

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    static FuzzTarget of(String name) {
        Supplier<FuzzTarget> target = ALL.get(name);
        if (target == null) {
            throw new IllegalArgumentException(name + ": there are " + String.join(", ", ALL.keySet()));
        }
        return target.get();
    }
}
