// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.DirtyLog;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.IotlbMiss;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Dependencies;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringState;

/** The rings of a session and the rules by which they start, stop and change (vhost-user protocol, "Ring states"). */
final class Rings {
    private final SessionEffects effects;
    private final Negotiation negotiation;
    private final int maxSize;
    private final Ring[] rings;
    private GuestMemory memory = GuestMemory.EMPTY;
    private RingMemory ringMemory = RingMemory.of(memory);

    /** Whether addresses are translated by the front-end's IOMMU. */
    private boolean translated;

    private final Iommu iommu = new Iommu();

    private final Logging logging = new Logging();
    private final InflightMapping inflight;

    Rings(SessionOptions options, Negotiation negotiation, SessionEffects effects, InflightMapping inflight) {
        this.effects = effects;
        this.inflight = inflight;
        this.negotiation = negotiation;
        this.maxSize = options.maxQueueSize();
        this.rings = new Ring[options.queueCount()];
        for (int i = 0; i < rings.length; i++) {
            rings[i] = new Ring(i);
        }
    }

    int count() {
        return rings.length;
    }

    boolean anyStarted() {
        for (Ring ring : rings) {
            if (ring.started) {
                return true;
            }
        }
        return false;
    }

    boolean runs(int index) {
        return rings[index].runs;
    }

    void setSize(VringState state) throws ProtocolException {
        Ring ring = rings[state.index()];
        int size = state.num();
        if (size < 1 || size > maxSize) {
            throw broken(
                    Request.SET_VRING_NUM,
                    ring,
                    "size " + Integer.toUnsignedString(size),
                    "1 to " + maxSize + " are allowed");
        }
        if (ring.started && size != ring.size) {
            throw started(Request.SET_VRING_NUM, ring, "size " + size);
        }
        try {
            if (negotiation.acknowledged()) {
                layout().validateSize(size);
            }
        } catch (RingFault e) {
            throw broken(Request.SET_VRING_NUM, ring, "size " + size, e.reason());
        }
        ring.size = size;
    }

    void setBase(VringState state) throws ProtocolException {
        Ring ring = rings[state.index()];
        if (ring.started) {
            throw started(Request.SET_VRING_BASE, ring, "base 0x" + Integer.toHexString(state.num()));
        }
        // The valid range depends on the layout and the size, which may be set later, so the base is checked when the
        // ring starts.
        ring.base = state.num();
    }

    /**
     * Executes SET_VRING_ADDR; a started ring uses the addresses at once. A migration only changes whether, and under which address, the
     * used ring is logged.
     */
    void setAddress(VringAddress address) throws ProtocolException {
        Ring ring = rings[address.index()];
        if ((address.flags() & VringAddress.LOG) != 0 && !negotiation.offered().has(Feature.LOG_ALL)) {
            throw broken(
                    Request.SET_VRING_ADDR,
                    ring,
                    "flag VHOST_VRING_F_LOG",
                    "logging needs feature LOG_ALL, which was never offered");
        }
        if (address.equals(ring.address)) {
            return;
        }
        boolean stays = address.sameRings(ring.address);
        ring.address = address;
        if (ring.started && stays) {
            reresolveAll(ring);
        } else if (ring.started) {
            pause(ring);
            start(Request.SET_VRING_ADDR, ring);
        }
    }

    /** Executes SET_FEATURES: switches the logging of writes on or off. */
    void logging(boolean wanted) {
        if (logging.want(wanted)) {
            reresolveAll(rings);
        }
    }

    /** Executes SET_LOG_BASE. When this returns, no thread marks pages in the previous log. */
    void log(DirtyLog replacement) {
        logging.use(replacement);
        reresolveAll(rings);
    }

    /** Requires that a log have a bit for every page that devices may write. */
    void requireCoveredBy(DirtyLog candidate) throws RefusedException {
        Logging.requireCovered(candidate, memory);
        for (Ring ring : rings) {
            // Behind an IOMMU the address must be translated before it can be checked.
            if (ring.runs && !translated) {
                Logging.requireCovered(candidate, ring, layout());
            }
        }
    }

    /**
     * Executes SET_VRING_KICK: from now on the ring is started. Takes ownership of the descriptor, and closes it when
     * the ring cannot be started.
     */
    void kick(int index, @Nullable Fd descriptor) throws ProtocolException {
        Ring ring = rings[index];
        pause(ring);
        ring.closeKick();
        ring.kick = descriptor;
        try {
            if (!negotiation.acknowledged()) {
                throw broken(
                        Request.SET_VRING_KICK,
                        ring,
                        "no features are acknowledged",
                        "SET_FEATURES must come before it");
            }
            start(Request.SET_VRING_KICK, ring);
            ring.started = true;
        } catch (ProtocolException e) {
            ring.started = false;
            ring.closeKick();
            throw e;
        }
    }

    /** Executes GET_VRING_BASE. */
    VringState stop(int index) {
        Ring ring = rings[index];
        // A ring that the device does not process at the moment may have chains in flight.
        boolean whole = ring.runs && !ring.suspended;
        finish(ring);
        stop(ring);
        if (whole) {
            inflight.forget(index);
        }
        Integer base = ring.base;
        return new VringState(index, base == null ? layout().startBase() : base);
    }

    /** Stops a ring. From now on the front-end knows its position, or has reset it. */
    private void stop(Ring ring) {
        boolean was = ring.started;
        halt(ring);
        if (was) {
            effects.positionKnown(ring.index);
        }
    }

    private void halt(Ring ring) {
        boolean was = ring.started;
        pause(ring);
        ring.started = false;
        ring.closeKick();
        if (was && !anyStarted()) {
            effects.allQueuesStopped();
        }
    }

    /** Executes SET_VRING_CALL. Closes the previous descriptor, or the new one if the device cannot use it. */
    void setCall(int index, @Nullable Fd descriptor) throws ProtocolException {
        Ring ring = rings[index];
        Fd unused = descriptor;
        try {
            if (ring.runs) {
                effects.callChanged(index, descriptor);
            }
            unused = ring.call;
            ring.call = descriptor;
        } catch (RefusedException e) {
            throw broken(Request.SET_VRING_CALL, ring, "the descriptor cannot be used", e.reason());
        } finally {
            Ring.close(unused);
        }
    }

    /** Executes SET_VRING_ERR. */
    void setErr(int index, @Nullable Fd descriptor) throws ProtocolException {
        Ring ring = rings[index];
        Fd unused = descriptor;
        try {
            if (ring.runs) {
                effects.errChanged(index, descriptor);
            }
            unused = ring.err;
            ring.err = descriptor;
        } catch (RefusedException e) {
            throw broken(Request.SET_VRING_ERR, ring, "the descriptor cannot be used", e.reason());
        } finally {
            Ring.close(unused);
        }
    }

    void enable(VringState state) throws ProtocolException {
        Ring ring = rings[state.index()];
        if (state.num() != 0 && state.num() != 1) {
            throw broken(
                    Request.SET_VRING_ENABLE,
                    ring,
                    "value " + Integer.toUnsignedString(state.num()),
                    "0 (disable) or 1 (enable) are allowed");
        }
        enable(ring, state.num() == 1);
    }

    void enableAll(boolean enabled) {
        for (Ring ring : rings) {
            enable(ring, enabled);
        }
    }

    private void enable(Ring ring, boolean enabled) {
        if (ring.enabled != enabled) {
            ring.enabled = enabled;
            if (ring.runs) {
                effects.enableQueue(ring.index, enabled);
            }
        }
    }

    /**
     * Changes the memory table. Running rings are started again with the new one. A ring whose addresses it does not contain is suspended,
     * not stopped: to change the size of a region, front-ends remove it and add it again, and then the ring resumes.
     */
    void changeMemory(GuestMemory changed) {
        boolean[] ran = new boolean[rings.length];
        for (Ring ring : rings) {
            ran[ring.index] = ring.runs;
            pause(ring);
        }
        memory = changed;
        publishMemory();
        for (Ring ring : rings) {
            if (ring.started) {
                resume(ring, ran[ring.index]);
            }
        }
    }

    private void publishMemory() {
        iommu.table(memory);
        ringMemory = translated ? iommu : RingMemory.of(memory);
        effects.memoryChanged(translated ? iommu.memory() : memory);
    }

    /** Executes SET_FEATURES: sets whether addresses are I/O virtual from now on. No ring is started. */
    void translate(boolean through) {
        if (translated != through) {
            translated = through;
            publishMemory();
        }
    }

    /**
     * Executes IOTLB_MSG. A ring whose own memory is no longer accessible is suspended until it is accessible again.
     */
    void translate(IotlbMessage message) throws RefusedException {
        iommu.apply(message);
        effects.translationsChanged(message);
        reresolveAll(rings);
    }

    private void reresolveAll(Ring... changed) {
        for (Ring ring : changed) {
            if (ring.runs) {
                reresolve(ring);
            }
        }
        for (Ring ring : changed) {
            if (ring.started && !ring.runs) {
                resume(ring, false);
            }
        }
    }

    /**
     * Resolves the addresses of a running ring again. The ring then continues in the same memory, with or without a log, or is suspended,
     * or stops.
     */
    private void reresolve(Ring ring) {
        try {
            QueueSetup then = ring.setup;
            QueueSetup now = resolve(ring);
            if (then == null || !Ring.sameMemory(now, then)) {
                pause(ring);
                return;
            }
            ring.setup = now;
            if (!Objects.equals(now.log(), then.log())) {
                effects.logQueue(ring.index, now.log());
            }
            if (ring.suspended) {
                ring.suspended = false;
                effects.resumeQueue(ring.index);
            }
        } catch (RefusedException e) {
            pause(ring);
        } catch (IotlbMiss miss) {
            if (!ring.suspended) {
                ring.suspended = true;
                effects.suspendQueue(ring.index);
            }
            leaveOldLog(ring);
            effects.translationMissing(miss.address(), miss.write());
        }
    }

    /**
     * Removes the log from a suspended ring, because the log may be unmapped. A suspended ring writes nothing; its log is determined when
     * it resumes.
     */
    private void leaveOldLog(Ring ring) {
        QueueSetup then = ring.setup;
        if (then != null && then.log() != null && !logging.isIn(then.log().log())) {
            effects.logQueue(ring.index, null);
            ring.setup = then.loggedIn(null);
        }
    }

    private QueueSetup resolve(Ring ring) throws RefusedException {
        return ring.resolve(layout(), ringMemory, logging.target(memory), inflight.region(ring.index));
    }

    private void resume(Ring ring, boolean ran) {
        try {
            run(ring);
            if (!ran && ring.runs && !translated) {
                effects.report("ring " + ring.index + " continues: its addresses are in the memory table again");
            }
        } catch (RefusedException e) {
            if (ran || translated) {
                effects.report("ring " + ring.index + " is suspended: "
                        + (translated ? "" : "the memory table changed: ") + e.reason());
            }
        }
    }

    /** Starts a ring on the device. Behind an IOMMU, a ring with a pending IOTLB miss starts later. */
    private void run(Ring ring) throws RefusedException {
        try {
            QueueSetup setup = resolve(ring);
            effects.startQueue(setup);
            ring.setup = setup;
            ring.runs = true;
        } catch (IotlbMiss miss) {
            effects.translationMissing(miss.address(), miss.write());
        }
    }

    /** Executes SET_STATUS with 0: all rings stop and keep their settings. */
    void stopAll() {
        for (Ring ring : rings) {
            abandon(ring);
        }
    }

    /** Stops a ring whose driver is gone, or is paused and may have available chains that were not used. */
    private void abandon(Ring ring) {
        finish(ring);
        stop(ring);
        inflight.forget(ring.index);
    }

    private void finish(Ring ring) {
        if (ring.runs && !ring.suspended && inflight.region(ring.index) != null) {
            effects.finishQueue(ring.index);
        }
    }

    /** Executes RESET_DEVICE. */
    void reset() {
        for (Ring ring : rings) {
            abandon(ring);
            // Also for a queue that was not started in this process, because the next driver is a new one.
            effects.positionKnown(ring.index);
            ring.reset();
        }
    }

    /**
     * Stops all rings at the end of the session; after this no lane uses its memory or descriptors. The front-end does not learn the
     * positions, and the in-flight area is unchanged.
     */
    void close() {
        for (Ring ring : rings) {
            halt(ring);
        }
        logging.end();
        memory = GuestMemory.EMPTY;
        publishMemory();
    }

    /** Closes the descriptors of all rings, after {@link #close}. */
    void closeDescriptors() {
        for (Ring ring : rings) {
            ring.closeDescriptors();
        }
    }

    /** Returns the settings that the front-end has made for each ring. */
    List<SessionState.RingState> state() {
        return Stream.of(rings)
                .map(ring -> new SessionState.RingState(
                        ring.size, ring.address, ring.enabled, ring.started, ring.kick, ring.call, ring.err))
                .toList();
    }

    /**
     * Restores the settings that a front-end has made for each ring in another process. Started rings are started again
     * by {@link #begin}.
     */
    void restore(List<SessionState.RingState> states) throws RefusedException {
        if (states.size() > rings.length) {
            throw new RefusedException("there are " + states.size() + " rings, and " + rings.length + " here");
        }
        for (int i = 0; i < states.size(); i++) {
            SessionState.RingState state = states.get(i);
            Ring ring = rings[i];
            ring.size = state.size();
            ring.address = state.address();
            ring.enabled = state.enabled();
            ring.kick = state.kick();
            ring.call = state.call();
            ring.err = state.err();
        }
    }

    /** Returns the position of each ring, as in SET_VRING_BASE; empty when none was set. */
    List<Optional<Integer>> positions() {
        return Stream.of(rings)
                .map(ring -> ring.runs ? Optional.of(effects.position(ring.index)) : Optional.ofNullable(ring.base))
                .toList();
    }

    /** Starts the rings that were started in another process, at the positions that they had reached there. */
    void begin(List<SessionState.RingState> states, List<Optional<Integer>> positions) {
        for (int i = 0; i < states.size(); i++) {
            rings[i].base = positions.get(i).orElse(null);
        }
        for (int i = 0; i < states.size(); i++) {
            rings[i].started = states.get(i).started();
            if (rings[i].started) {
                // A ring that was suspended in the other process for lack of memory is reported here, too.
                resume(rings[i], true);
            }
        }
    }

    /** Suspends all rings until {@link #proceed}. Every popped chain is used and published, and the driver is interrupted. */
    void halt() {
        for (Ring ring : rings) {
            if (ring.runs && !ring.suspended) {
                effects.suspendQueue(ring.index);
            }
        }
    }

    /** Resumes all rings after {@link #halt}. */
    void proceed() {
        for (Ring ring : rings) {
            if (ring.runs && !ring.suspended) {
                effects.resumeQueue(ring.index);
            }
        }
    }

    private void start(Request request, Ring ring) throws ProtocolException {
        try {
            if (translated) {
                requireIotlbChannel();
            }
            run(ring);
        } catch (RefusedException e) {
            throw broken(request, ring, "it cannot be started", e.reason());
        }
    }

    /**
     * Requires the protocol features for IOTLB messages: without them a miss could not be sent, and an invalidation
     * could not be acknowledged.
     */
    private void requireIotlbChannel() throws RefusedException {
        for (ProtocolFeature needed : Dependencies.requiredBy(Feature.ACCESS_PLATFORM)) {
            if (!negotiation.has(needed)) {
                throw new RefusedException(
                        Feature.ACCESS_PLATFORM + " needs protocol feature " + needed + ", which was not acknowledged");
            }
        }
    }

    private void pause(Ring ring) {
        if (ring.runs) {
            ring.base = effects.stopQueue(ring.index);
            ring.runs = false;
            ring.suspended = false;
        }
    }

    /** Returns the negotiated layout; split before negotiation. */
    RingLayout layout() {
        return RingLayout.of(negotiation.features());
    }

    private static ProtocolException broken(Request request, Ring ring, String problem, String rule) {
        return new ProtocolException(request.name(), "ring " + ring.index + ": " + problem, rule);
    }

    private static ProtocolException started(Request request, Ring ring, String problem) {
        return broken(request, ring, problem + " while it is started", "GET_VRING_BASE must stop it first");
    }
}
