// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vhost4j.device.bridge.HeldFrame;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;

/** Writes and reads counters, stations and frames in transit for another back-end. */
final class GuestRecord {
    private static final int MOST_COUNTERS = 1 << 10;
    private static final int MOST_STATIONS = 1 << 22;
    private static final int MOST_FRAMES = 1 << 20;

    private GuestRecord() {}

    static void saveCounters(Counters counters, StateWriter to) {
        Map<Counter, Long> all = new EnumMap<>(Counter.class);
        for (Counter counter : Counter.values()) {
            all.put(counter, counters.get(counter));
        }
        to.number(all.size());
        all.forEach((counter, value) -> to.text(counter.name()).word(value));
    }

    /** Loads the counters of a guest; ignores counters that this version does not have. */
    static void loadCounters(Counters into, StateReader from) throws HandOverException {
        Map<String, Counter> known =
                Stream.of(Counter.values()).collect(Collectors.toMap(Counter::name, counter -> counter));
        for (int left = from.count(MOST_COUNTERS); left > 0; left--) {
            Counter counter = known.get(from.text());
            long value = from.word();
            if (counter != null) {
                into.set(counter, value);
            }
        }
    }

    static void saveCounters(PortCounters counters, StateWriter to) {
        Map<String, Long> all = counters.all();
        to.number(all.size());
        all.forEach((counter, value) -> to.text(counter).word(value));
    }

    /** Loads the counters of a port; ignores counters that this version does not have. */
    static void loadCounters(PortCounters into, StateReader from) throws HandOverException {
        for (int left = from.count(MOST_COUNTERS); left > 0; left--) {
            String counter = from.text();
            into.add(counter, from.word());
        }
    }

    static void saveStations(List<Long> stations, StateWriter to) {
        to.number(stations.size());
        stations.forEach(to::word);
    }

    static List<Long> loadStations(StateReader from) throws HandOverException {
        List<Long> stations = new ArrayList<>();
        for (int left = from.count(MOST_STATIONS); left > 0; left--) {
            stations.add(from.word());
        }
        return stations;
    }

    static void saveFrames(List<HeldFrame> frames, StateWriter to) {
        to.number(frames.size());
        for (HeldFrame each : frames) {
            to.number(each.port())
                    .number(each.frame().needs)
                    .number(each.frame().segmentsDone)
                    .block(each.bytes());
        }
    }

    static List<HeldFrame> loadFrames(int ports, StateReader from) throws HandOverException {
        List<HeldFrame> frames = new ArrayList<>();
        for (int left = from.count(MOST_FRAMES); left > 0; left--) {
            int port = from.count(ports - 1);
            int needs = from.number();
            int segments = from.number();
            try {
                frames.add(HeldFrame.of(port, from.block(), needs, segments));
            } catch (IllegalArgumentException e) {
                throw new HandOverException("a frame in transit is invalid: " + e.getMessage());
            }
        }
        return frames;
    }
}
