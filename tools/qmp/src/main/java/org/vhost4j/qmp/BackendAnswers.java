// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.List;
import java.util.Locale;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.offload.BadFrame;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.offload.OffloadCounters;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.QueueSnapshot;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands that query guests and set their links. */
final class BackendAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Served served;

    BackendAnswers(Served served) {
        this.served = served;
    }

    /** Converts a set of features to the schema's type FeatureBits. */
    static ObjectNode bits(FeatureSet features) {
        ObjectNode bits = NODES.objectNode().put("hex", features.hex());
        features.names().forEach(bits.putArray("names")::add);
        return bits;
    }

    JsonNode devices() throws QmpError {
        ArrayNode all = NODES.arrayNode();
        for (DeviceSnapshot device : snapshots()) {
            all.add(device(device));
        }
        return all;
    }

    private List<DeviceSnapshot> snapshots() throws QmpError {
        return LaneAnswer.of(() -> served.backend().devices());
    }

    /** Sets a guest's link; error messages are those of QEMU's qmp_set_link (net/net.c). */
    JsonNode setLink(JsonNode arguments) throws QmpError {
        String name = arguments.path("name").asString();
        boolean up = arguments.path("up").asBoolean();
        if (!LaneAnswer.of(() -> served.backend().link(name, up))) {
            throw new QmpError(QmpError.Kind.DEVICE_NOT_FOUND, "Device '" + name + "' not found");
        }
        return NODES.objectNode();
    }

    private ObjectNode device(DeviceSnapshot device) {
        ObjectNode node = NODES.objectNode().put("name", device.name());
        Endpoint endpoint = device.endpoint();
        if (endpoint.path() != null) {
            node.put("socket", endpoint.path().toString());
        }
        node.put("state", word(device.state()))
                .put("machine", served.resolution().machine())
                .put("platform", served.resolution().platform())
                .put("abi", served.abi().fingerprint());
        node.set("offered", bits(served.config().offered()));
        device.negotiated().ifPresent(features -> node.set("negotiated", bits(features)));
        if (device.mac() != PortRules.NO_MAC) {
            node.put("mac", mac(device.mac()));
        }
        node.put("mac-source", word(device.macSource()));
        node.put("link-up", device.linkUp());
        if (served.config().mtu() != 0) {
            node.put("mtu", served.config().mtu());
        }
        node.put("queue-pairs", served.config().queuePairs());
        device.lastStop().ifPresent(reason -> node.put("last-stop", reason));
        ArrayNode queues = node.putArray("queues");
        device.queues().forEach(queue -> queues.add(queue(queue)));
        return node;
    }

    private static ObjectNode queue(QueueSnapshot queue) {
        ObjectNode node = NODES.objectNode()
                .put("index", queue.index())
                .put("kind", word(queue.kind()))
                .put("running", queue.ring().isPresent());
        queue.ring()
                .ifPresent(ring -> node.put("enabled", ring.enabled())
                        .put("size", ring.size())
                        .put("format", word(ring.layout()))
                        .put("base", ring.base()));
        return node;
    }

    static String mac(long mac) {
        StringBuilder text = new StringBuilder();
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(text.isEmpty() ? "" : ":").append(String.format(Locale.ROOT, "%02x", mac >>> shift & 0xff));
        }
        return text.toString();
    }

    /** Converts the counters of a guest's device to the schema's type GuestStats. */
    static ObjectNode guest(String name, Counters counters) {
        ObjectNode node = NODES.objectNode().put("name", name);
        ArrayNode list = node.putArray("counters");
        for (Counter counter : Counter.values()) {
            add(list, word(counter), counters.get(counter));
        }
        return node;
    }

    JsonNode stats() {
        ObjectNode node = NODES.objectNode();
        ArrayNode guests = node.putArray("guests");
        served.backend().membership().guests().forEach(each -> guests.add(guest(each.name(), each.counters())));
        OffloadCounters offloads = served.backend().offloads();
        ArrayNode engine = node.putArray("offload-engine");
        for (OffloadCounter counter : OffloadCounter.values()) {
            add(engine, word(counter), offloads.get(counter));
        }
        for (BadFrame reason : BadFrame.values()) {
            add(engine, "bad-" + word(reason), offloads.get(reason));
        }
        return node;
    }

    private static void add(ArrayNode list, String name, long value) {
        list.addObject().put("name", name).put("value", value);
    }

    /** Returns a constant's name in QAPI's style. */
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
