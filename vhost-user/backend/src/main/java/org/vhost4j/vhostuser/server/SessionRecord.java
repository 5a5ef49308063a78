// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.handover.HandOverException;
import org.vhost4j.vhostuser.handover.StateReader;
import org.vhost4j.vhostuser.handover.StateWriter;
import org.vhost4j.vhostuser.session.SessionOptions;
import org.vhost4j.vhostuser.session.SessionState;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;

/** Writes and reads a session's state for another back-end. */
final class SessionRecord {
    private static final int MOST_RINGS = 256;

    /** The first format that includes the in-flight area. */
    private static final int INFLIGHT = 2;

    private SessionRecord() {}

    static void write(SessionState state, StateWriter to) {
        to.flag(state.acknowledged())
                .word(state.features())
                .word(state.protocol())
                .number(state.status())
                .number(state.regions().size());
        for (SessionState.Region region : state.regions()) {
            MemoryRegion at = region.description();
            to.word(at.guestAddress())
                    .word(at.size())
                    .word(at.userAddress())
                    .word(at.mmapOffset())
                    .descriptor(region.file());
        }
        SessionState.Log log = state.log();
        to.flag(log != null);
        if (log != null) {
            to.word(log.area().size()).word(log.area().offset()).descriptor(log.file());
        }
        to.descriptor(state.logSignal());
        SessionState.Inflight inflight = state.inflight();
        to.flag(inflight != null);
        if (inflight != null) {
            InflightDescription at = inflight.description();
            to.word(at.size())
                    .word(at.offset())
                    .number(at.queues())
                    .number(at.queueSize())
                    .descriptor(inflight.file());
        }
        to.descriptor(state.channel()).number(state.rings().size());
        for (SessionState.RingState ring : state.rings()) {
            to.number(ring.size()).flag(ring.enabled()).flag(ring.started());
            VringAddress at = ring.address();
            to.flag(at != null);
            if (at != null) {
                to.number(at.index())
                        .number(at.flags())
                        .word(at.descriptors())
                        .word(at.used())
                        .word(at.avail())
                        .word(at.log());
            }
            to.descriptor(ring.kick()).descriptor(ring.call()).descriptor(ring.err());
        }
    }

    /**
     * Reads a session's state.
     *
     * @param owner registers a descriptor as one that the front-end has passed
     */
    static SessionState read(StateReader from, int format, Owner owner) throws HandOverException {
        boolean acknowledged = from.flag();
        long features = from.word();
        long protocol = from.word();
        int status = from.number();
        List<SessionState.Region> regions = new ArrayList<>();
        for (int left = from.count(SessionOptions.MAX_MEMORY_SLOTS); left > 0; left--) {
            MemoryRegion at = new MemoryRegion(from.word(), from.word(), from.word(), from.word());
            regions.add(new SessionState.Region(at, owner.owned(required(from.descriptor()))));
        }
        SessionState.Log log = null;
        if (from.flag()) {
            LogArea area = new LogArea(from.word(), from.word());
            log = new SessionState.Log(area, owner.owned(required(from.descriptor())));
        }
        Fd logSignal = owned(from, owner);
        SessionState.Inflight inflight = format < INFLIGHT || !from.flag() ? null : inflight(from, owner);
        Fd channel = owned(from, owner);
        List<SessionState.RingState> rings = new ArrayList<>();
        for (int left = from.count(MOST_RINGS); left > 0; left--) {
            int size = from.number();
            boolean enabled = from.flag();
            boolean started = from.flag();
            VringAddress at = from.flag()
                    ? new VringAddress(from.number(), from.number(), from.word(), from.word(), from.word(), from.word())
                    : null;
            rings.add(new SessionState.RingState(
                    size, at, enabled, started, owned(from, owner), owned(from, owner), owned(from, owner)));
        }
        return new SessionState(
                acknowledged, features, protocol, status, regions, log, logSignal, inflight, channel, rings);
    }

    private static SessionState.Inflight inflight(StateReader from, Owner owner) throws HandOverException {
        InflightDescription at = new InflightDescription(
                from.word(), from.word(), from.count(MOST_RINGS), from.count(RingLayout.MAX_SIZE));
        if (at.queues() == 0) {
            throw new HandOverException("an in-flight area is for no queue");
        }
        return new SessionState.Inflight(at, owner.owned(required(from.descriptor())));
    }

    /** Registers a descriptor so that it is closed like one that the front-end has passed. */
    @FunctionalInterface
    interface Owner {
        Fd owned(Fd descriptor);
    }

    private static @Nullable Fd owned(StateReader from, Owner owner) throws HandOverException {
        Fd descriptor = from.descriptor();
        return descriptor == null ? null : owner.owned(descriptor);
    }

    private static Fd required(@Nullable Fd descriptor) throws HandOverException {
        if (descriptor == null) {
            throw new HandOverException("memory came without its file");
        }
        return descriptor;
    }

    static void writePositions(List<Optional<Integer>> positions, StateWriter to) {
        to.number(positions.size());
        for (Optional<Integer> each : positions) {
            to.flag(each.isPresent()).number(each.orElse(0));
        }
    }

    static List<Optional<Integer>> readPositions(StateReader from) throws HandOverException {
        List<Optional<Integer>> positions = new ArrayList<>();
        for (int left = from.count(MOST_RINGS); left > 0; left--) {
            boolean known = from.flag();
            int position = from.number();
            positions.add(known ? Optional.of(position) : Optional.empty());
        }
        return positions;
    }
}
