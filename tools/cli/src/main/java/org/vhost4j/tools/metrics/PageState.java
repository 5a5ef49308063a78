// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.qmp.Served;
import org.vhost4j.qmp.rates.PortHistory;
import org.vhost4j.qmp.rates.PortRates;
import org.vhost4j.tools.common.Version;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.PortSnapshot;
import org.vhost4j.vhostuser.server.StationSnapshot;
import org.vhost4j.vhostuser.server.Switching;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Creates {@code state.json}, the data of the page. Its format changes with the page; programs should use the monitor.
 */
final class PageState {
    /** Maximum number of stations that are listed; all are counted. */
    private static final int MOST_STATIONS = 64;

    private static final double MILLIS = 1000;

    private final Served served;
    private final EventLog events;
    private final SnapshotOfLanes lanes;
    private final FeatureTable features;
    private final Instant started = Instant.now();

    PageState(Served served, EventLog events) {
        this.served = served;
        this.events = events;
        this.lanes = new SnapshotOfLanes(served);
        this.features = new FeatureTable(served.resolution());
    }

    ObjectNode json() {
        List<DeviceSnapshot> devices = lanes.devices();
        List<PortSnapshot> ports = served.backend().ports();
        ObjectNode state = JsonNodeFactory.instance
                .objectNode()
                .put("version", Version.current())
                .put("host", hostName())
                .put("machine", served.resolution().machine())
                .put("platform", served.resolution().platform())
                .put("abi", served.abi().fingerprint())
                .put("started", started.toEpochMilli() / MILLIS)
                .put("now", System.currentTimeMillis() / MILLIS)
                .put("switching", switching(served.backend().config().switching()));
        ports(state.putArray("ports"), ports, devices);
        history(state.putObject("history"), ports);
        features.write(state.putArray("features"));
        groups(state.putArray("featureGroups"), devices);
        stations(state);
        ArrayNode happened = state.putArray("events");
        for (EventLog.Event event : events.events()) {
            happened.addObject()
                    .put("time", event.millis() / MILLIS)
                    .put("who", event.who())
                    .put("what", event.what());
        }
        return state;
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "this host";
        }
    }

    private static String switching(Switching switching) {
        return switch (switching) {
            case Switching.Bridged bridged -> "bridge";
            case Switching.Dropped dropped -> "frames are counted and dropped";
            case Switching.Copied copied -> "frames are copied, counted and dropped";
            case Switching.Echoed echoed -> "every frame is returned to its guest";
            case Switching.Source source -> "guests receive one frame repeatedly";
        };
    }

    private void ports(ArrayNode all, List<PortSnapshot> ports, List<DeviceSnapshot> devices) {
        Map<String, DeviceSnapshot> byName = new HashMap<>();
        devices.forEach(device -> byName.put(device.name(), device));
        for (PortSnapshot port : ports) {
            DeviceSnapshot device = byName.get(port.name());
            PortRates rates = served.rates().latest(port.name());
            ObjectNode node = all.addObject()
                    .put("name", port.name())
                    .put("kind", port.kind())
                    .put("state", device == null ? "up" : word(device.state()))
                    .put("link", device == null || device.linkUp())
                    .put("vlan", port.vlan().toString())
                    .put("since", port.since().getEpochSecond())
                    .put("dropsPerSecond", rates.dropped());
            if (device != null && device.mac() != PortRules.NO_MAC) {
                node.put("mac", MacAddress.text(device.mac()));
            }
            if (device != null && device.state() == DeviceSnapshot.State.STOPPED) {
                node.put("lastStop", device.lastStop().orElse(""));
            }
            traffic(node.putObject("in"), port.framesIn(), port.bytesIn(), rates.framesIn(), rates.bytesIn());
            traffic(node.putObject("out"), port.framesOut(), port.bytesOut(), rates.framesOut(), rates.bytesOut());
            ArrayNode drops = node.putArray("drops");
            for (PortSnapshot.Drop drop : port.drops()) {
                if (drop.frames() > 0) {
                    drops.addObject()
                            .put("reason", drop.meaning())
                            .put("way", drop.incoming() ? "in" : "out")
                            .put("frames", drop.frames());
                }
            }
        }
    }

    private static void traffic(ObjectNode node, long frames, long bytes, long framesRate, long bytesRate) {
        node.put("frames", frames)
                .put("bytes", bytes)
                .put("framesPerSecond", framesRate)
                .put("bytesPerSecond", bytesRate);
    }

    private void history(ObjectNode node, List<PortSnapshot> ports) {
        node.put("length", served.rates().length())
                .put("most", PortHistory.MOST)
                .put("interval", PortHistory.INTERVAL.toSeconds());
        ObjectNode all = node.putObject("ports");
        for (PortSnapshot port : ports) {
            List<PortRates> rates = served.rates().all(port.name());
            ObjectNode of = all.putObject(port.name());
            numbers(of.putArray("in"), rates, PortRates::bytesIn);
            numbers(of.putArray("out"), rates, PortRates::bytesOut);
        }
    }

    private static void numbers(ArrayNode into, List<PortRates> rates, ToLongFunction<PortRates> which) {
        rates.forEach(each -> into.add(which.applyAsLong(each)));
    }

    /** Adds the guests, grouped by the features that their drivers have acknowledged. */
    private static void groups(ArrayNode all, List<DeviceSnapshot> devices) {
        Map<FeatureSet, List<String>> groups = new LinkedHashMap<>();
        for (DeviceSnapshot device : devices) {
            device.negotiated()
                    .ifPresent(features -> groups.computeIfAbsent(features, absent -> new ArrayList<>())
                            .add(device.name()));
        }
        groups.forEach((features, guests) -> {
            ObjectNode group = all.addObject();
            guests.forEach(group.putArray("guests")::add);
            features.names().forEach(group.putArray("negotiated")::add);
        });
    }

    private void stations(ObjectNode state) {
        List<StationSnapshot> stations = lanes.stations(Integer.MAX_VALUE);
        state.put("stationCount", stations.size());
        ArrayNode all = state.putArray("stations");
        stations.stream().limit(MOST_STATIONS).forEach(station -> {
            ObjectNode node = all.addObject()
                    .put("mac", MacAddress.text(station.mac()))
                    .put("vlan", station.vlan())
                    .put("port", station.port());
            station.age().ifPresent(age -> node.put("age", age.toSeconds()));
        });
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
