// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Unit;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.offload.BadFrame;
import org.vhost4j.device.offload.OffloadCounter;
import org.vhost4j.device.offload.OffloadCounters;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.qmp.Served;
import org.vhost4j.tools.common.Version;
import org.vhost4j.vhostuser.server.DeviceSnapshot;
import org.vhost4j.vhostuser.server.LaneSnapshot;
import org.vhost4j.vhostuser.server.PortSnapshot;

/**
 * Creates all metrics from counters on request. For a guest, "receive" and "transmit" are from the guest's point of view. For any other
 * port, "in" means to the bridge and "out" means from the bridge.
 */
final class BackendMetrics implements MultiCollector {
    private static final double MILLIS = 1000;

    private final Served served;
    private final SnapshotOfLanes lanes;

    BackendMetrics(Served served) {
        this.served = served;
        this.lanes = new SnapshotOfLanes(served);
    }

    @Override
    public MetricSnapshots collect() {
        Families all = new Families();
        process(all);
        guests(all);
        ports(all);
        offloads(all);
        for (LaneSnapshot lane : served.backend().lanes()) {
            Labels labels = Labels.of("lane", lane.name());
            all.count("vhost4j_lane_turns", "Iterations of the lane's loop.", labels, lane.turns());
            all.count(
                    "vhost4j_lane_sleeps",
                    "Times that the lane went to sleep because there was no work.",
                    labels,
                    lane.sleeps());
            all.count(
                    "vhost4j_lane_faults",
                    "Devices and ports that the lane stopped because of a fault.",
                    labels,
                    lane.faults());
        }
        return all.snapshots();
    }

    private void process(Families all) {
        all.info(
                "vhost4j_build",
                "The running program.",
                Labels.of("version", Version.current(), "java_version", String.valueOf(Runtime.version())));
        all.info(
                "vhost4j_platform",
                "The promise to guests.",
                Labels.of(
                        "machine",
                        served.resolution().machine(),
                        "platform",
                        served.resolution().platform(),
                        "abi",
                        served.abi().fingerprint()));
        ProcessHandle.Info process = ProcessHandle.current().info();
        process.startInstant()
                .ifPresent(start -> all.gauge(
                        "process_start_time_seconds",
                        "When the process started, in seconds since 1970.",
                        Unit.SECONDS,
                        Labels.EMPTY,
                        start.toEpochMilli() / MILLIS));
        Optional<Duration> busy = process.totalCpuDuration();
        busy.ifPresent(time -> all.count(
                "process_cpu_seconds",
                "Processor time of all threads.",
                Unit.SECONDS,
                Labels.EMPTY,
                time.toMillis() / MILLIS));
    }

    private void guests(Families all) {
        for (DeviceSnapshot device : lanes.devices()) {
            Labels guest = Labels.of("guest", device.name());
            for (DeviceSnapshot.State state : DeviceSnapshot.State.values()) {
                all.gauge(
                        "vhost4j_guest_state",
                        "1 for the current state of the guest's device, 0 for all other states.",
                        guest.add("state", word(state)),
                        device.state() == state ? 1 : 0);
            }
            all.gauge("vhost4j_guest_link_up", "Whether the guest's link is up.", guest, device.linkUp() ? 1 : 0);
            all.info(
                    "vhost4j_guest",
                    "The identity of the guest.",
                    guest.merge(Labels.of(
                            "mac",
                            device.mac() == PortRules.NO_MAC ? "" : MacAddress.text(device.mac()),
                            "features",
                            device.negotiated().map(features -> features.hex()).orElse(""))));
        }
        for (Map.Entry<String, Counters> each : served.backend().counters().entrySet()) {
            guest(all, Labels.of("guest", each.getKey()), each.getValue());
        }
    }

    /**
     * Adds every counter of a guest. The switch has no default, so that a new counter does not compile without a case.
     */
    private static void guest(Families all, Labels guest, Counters counters) {
        for (Counter counter : Counter.values()) {
            long value = counters.get(counter);
            switch (counter) {
                case RX_FRAMES ->
                    all.count("vhost4j_guest_receive_frames", "Frames that the guest received.", guest, value);
                case RX_BYTES -> all.bytes("vhost4j_guest_receive_bytes", "Bytes of those frames.", guest, value);
                case TX_FRAMES ->
                    all.count(
                            "vhost4j_guest_transmit_frames",
                            "Frames that the guest sent and that were forwarded.",
                            guest,
                            value);
                case TX_BYTES -> all.bytes("vhost4j_guest_transmit_bytes", "Bytes of those frames.", guest, value);
                case RX_TCPV4 -> superFrames(all, guest, true, "tcpv4", value);
                case RX_TCPV6 -> superFrames(all, guest, true, "tcpv6", value);
                case RX_UDP_L4 -> superFrames(all, guest, true, "udp", value);
                case TX_TCPV4 -> superFrames(all, guest, false, "tcpv4", value);
                case TX_TCPV6 -> superFrames(all, guest, false, "tcpv6", value);
                case TX_UDP_L4 -> superFrames(all, guest, false, "udp", value);
                case TX_PARTIAL_CHECKSUM ->
                    all.count(
                            "vhost4j_guest_transmit_partial_checksum_frames",
                            "Frames that the guest sent with a partial checksum.",
                            guest,
                            value);
                case STATIONS_MOVED, STATIONS_CLAIMED, STATIONS_FORGOTTEN ->
                    all.count(
                            "vhost4j_guest_station_events",
                            "Stations that moved to the guest, that another port claims, or that were removed.",
                            guest.add("event", word(counter).substring("stations-".length())),
                            value);
                case INTERRUPTS -> all.count("vhost4j_guest_interrupts", "Interrupts raised.", guest, value);
                case CONTROL_OK -> commands(all, guest, "ok", value);
                case CONTROL_REFUSED -> commands(all, guest, "refused", value);
                case TX_BAD_HEADER,
                        TX_DISABLED,
                        TX_BAD_SOURCE,
                        TX_FLOOD_LIMIT,
                        TX_OUTSIDE_VLANS,
                        RX_NOT_READY,
                        RX_NO_BUFFER,
                        RX_TOO_LONG,
                        RX_FILTERED,
                        RX_RATE_LIMIT -> {
                    // Added with the ports, by reason.
                }
            }
        }
    }

    /** Adds the number of super-frames of one type that a guest has received or sent. */
    private static void superFrames(Families all, Labels guest, boolean received, String type, long frames) {
        all.count(
                "vhost4j_guest_" + (received ? "receive" : "transmit") + "_super_frames",
                "Super-frames among the frames that the guest " + (received ? "received." : "sent."),
                guest.add("type", type),
                frames);
    }

    private static void commands(Families all, Labels guest, String result, long commands) {
        all.count(
                "vhost4j_guest_control_commands",
                "Commands of the control queue.",
                guest.add("result", result),
                commands);
    }

    private void ports(Families all) {
        for (PortSnapshot port : served.backend().ports()) {
            if (port.kind().equals(PortSnapshot.GUEST)) {
                Labels guest = Labels.of("guest", port.name());
                for (PortSnapshot.Drop drop : port.drops()) {
                    String way = drop.incoming() ? "transmit" : "receive";
                    all.count(
                            "vhost4j_guest_" + way + "_dropped_frames",
                            drop.incoming()
                                    ? "Frames of the guest that were dropped."
                                    : "Frames for the guest that were dropped.",
                            guest.add("reason", drop.reason()),
                            drop.frames());
                }
                continue;
            }
            Labels labels = Labels.of("port", port.name(), "kind", port.kind());
            all.count("vhost4j_port_in_frames", "Frames from the port to the bridge.", labels, port.framesIn());
            all.bytes("vhost4j_port_in_bytes", "Bytes of those frames.", labels, port.bytesIn());
            all.count("vhost4j_port_out_frames", "Frames from the bridge to the port.", labels, port.framesOut());
            all.bytes("vhost4j_port_out_bytes", "Bytes of those frames.", labels, port.bytesOut());
            for (PortSnapshot.Drop drop : port.drops()) {
                all.count(
                        "vhost4j_port_" + (drop.incoming() ? "in" : "out") + "_dropped_frames",
                        drop.incoming()
                                ? "Frames from the port that were dropped."
                                : "Frames for the port that were dropped.",
                        labels.add("reason", drop.reason()),
                        drop.frames());
            }
        }
    }

    private void offloads(Families all) {
        OffloadCounters offloads = served.backend().offloads();
        for (OffloadCounter counter : OffloadCounter.values()) {
            all.count(
                    "vhost4j_offload_operations",
                    "Operations in software on the frames of all guests.",
                    Labels.of("operation", word(counter)),
                    offloads.get(counter));
        }
        for (BadFrame reason : BadFrame.values()) {
            all.count(
                    "vhost4j_bad_frames",
                    "Frames of all guests that were dropped because of invalid headers.",
                    Labels.of("reason", word(reason)),
                    offloads.get(reason));
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
