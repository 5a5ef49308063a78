// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.qmp.rates.PortHistory;
import org.vhost4j.qmp.rates.PortRates;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.LaneSnapshot;
import org.vhost4j.vhostuser.server.PortSnapshot;
import org.vhost4j.vhostuser.server.StationSnapshot;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Executes the commands about the bridge: its ports, the stations behind them, and the lanes. */
final class PortAnswers {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Served served;

    PortAnswers(Served served) {
        this.served = served;
    }

    JsonNode ports() throws QmpError {
        Map<String, DeviceSnapshot> devices = new HashMap<>();
        for (DeviceSnapshot device : LaneAnswer.of(() -> served.backend().devices())) {
            devices.put(device.name(), device);
        }
        ArrayNode all = NODES.arrayNode();
        for (PortSnapshot port : served.backend().ports()) {
            ObjectNode node = all.addObject().put("name", port.name()).put("kind", port.kind());
            DeviceSnapshot device = devices.get(port.name());
            if (device != null) {
                node.put("link-up", device.linkUp()).put("state", BackendAnswers.word(device.state()));
            }
            node.set("vlan", vlan(port.vlan()));
            node.put("since", port.since().getEpochSecond());
            PortRates rates = served.rates().latest(port.name());
            traffic(node.putObject("in"), port.framesIn(), port.bytesIn(), rates.framesIn(), rates.bytesIn());
            traffic(node.putObject("out"), port.framesOut(), port.bytesOut(), rates.framesOut(), rates.bytesOut());
            node.put("dropped-per-second", rates.dropped()).put("interval", PortHistory.INTERVAL.toMillis());
            ArrayNode drops = node.putArray("drops");
            for (PortSnapshot.Drop drop : port.drops()) {
                drops.addObject()
                        .put("reason", drop.reason())
                        .put("meaning", drop.meaning())
                        .put("direction", drop.incoming() ? "in" : "out")
                        .put("frames", drop.frames());
            }
        }
        return all;
    }

    private static void traffic(ObjectNode node, long frames, long bytes, long framesRate, long bytesRate) {
        node.put("frames", frames)
                .put("bytes", bytes)
                .put("frames-per-second", framesRate)
                .put("bytes-per-second", bytesRate);
    }

    private static ObjectNode vlan(PortVlan vlan) {
        ObjectNode node = NODES.objectNode().put("mode", vlan.mode().toString());
        if (vlan.mode() != PortVlan.Mode.TRUNK) {
            node.put("tag", vlan.tag());
        }
        vlans(node, "trunks", vlan.trunks());
        vlans(node, "cvlans", vlan.cvlans());
        if (vlan.mode() == PortVlan.Mode.DOT1Q_TUNNEL) {
            node.put("qinq-ethtype", vlan.tpid() == PortVlan.S_TAG ? "802.1ad" : "802.1q");
        }
        return node;
    }

    private static void vlans(ObjectNode node, String name, Set<Integer> vlans) {
        if (!vlans.isEmpty()) {
            ArrayNode all = node.putArray(name);
            new TreeSet<>(vlans).forEach(all::add);
        }
    }

    JsonNode stations(JsonNode arguments) throws QmpError {
        JsonNode port = arguments.path("port");
        JsonNode vlan = arguments.path("vlan");
        if (port.isString()
                && served.backend().ports().stream()
                        .noneMatch(each -> each.name().equals(port.asString()))) {
            throw new QmpError(QmpError.Kind.DEVICE_NOT_FOUND, "Device '" + port.asString() + "' not found");
        }
        List<StationSnapshot> stations = LaneAnswer.of(() -> served.backend().stations(Integer.MAX_VALUE));
        ArrayNode all = NODES.arrayNode();
        for (StationSnapshot station : stations) {
            boolean wanted = (!port.isString() || station.port().equals(port.asString()))
                    && (!vlan.isNumber() || station.vlan() == vlan.asLong());
            if (wanted) {
                ObjectNode node = all.addObject().put("mac", MacAddress.text(station.mac()));
                node.put("vlan", station.vlan()).put("port", station.port());
                station.age().ifPresent(age -> node.put("age", age.toSeconds()));
            }
        }
        return all;
    }

    JsonNode lanes() {
        ArrayNode all = NODES.arrayNode();
        for (LaneSnapshot lane : served.backend().lanes()) {
            ObjectNode node = all.addObject().put("name", lane.name());
            lane.guests().forEach(node.putArray("guests")::add);
            node.put("turns", lane.turns()).put("sleeps", lane.sleeps()).put("faults", lane.faults());
        }
        return all;
    }
}
