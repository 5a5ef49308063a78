// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.net.DeviceControl;
import org.vhost4j.device.net.FrameCut;
import org.vhost4j.device.net.GuestNotifier;
import org.vhost4j.device.net.QueueKind;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.QueueProgress;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.host.io.FdHandle;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.SharedSignal;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.event.ResetEvent;
import org.vhost4j.vhostuser.event.RingStartEvent;
import org.vhost4j.vhostuser.event.RingStopEvent;
import org.vhost4j.vhostuser.session.QueueSetup;
import org.vhost4j.vhostuser.session.RefusedException;
import org.vhost4j.vhostuser.session.ResetCause;
import org.vhost4j.vhostuser.session.SessionEffects;
import org.vhost4j.vhostuser.session.SessionState;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Applies the effects of a session to its network device. Used by the device's home lane. */
final class DeviceEffects implements SessionEffects {
    private final String guest;
    private final DeviceControl device;
    private final Lane lane;
    private final GuestSeats seats;
    private final Announcer announcer;
    private final DeviceMove move;
    private final ProgressFile progress;
    private final GuestMemoryMapper files;
    private final BackendListener listener;
    private final Consumer<FeatureSet> onNegotiated;
    private final Consumer<String> stop;
    private final Runnable restarted;
    private final BackendChannel channel;

    /** I/O virtual addresses whose IOTLB misses the front-end has not answered. */
    private final Set<Long> pendingMisses = new HashSet<>();

    private final int queuePairs;
    private final Queue[] queues;
    private GuestMemory memory = GuestMemory.EMPTY;

    /** For each seat, the guest memory object that its lane uses; null until a queue starts there. */
    private final @Nullable GuestMemory[] memories;

    private @Nullable FeatureSet announced;
    private boolean linkUp;

    /** Signals new marks in the dirty page log to the front-end, if it has requested that (SET_LOG_FD). */
    private @Nullable SharedSignal logSignal;

    private @Nullable Fd logDescriptor;

    /** Whether another back-end has taken over the guest. Then this one reports no events any more. */
    private boolean left;

    /** Whether the front-end has blocked the lane in a signal. Then none of its descriptors is signalled any more. */
    private boolean jammed;

    /**
     * Whether the driver may be paused and not reset: the front-end has cleared the device status, which QEMU also does when it pauses the
     * machine, or the device has migrated.
     */
    private boolean paused;

    /** The state of a running queue. */
    private static final class Queue {
        private @Nullable Virtqueue ring;
        /** The seat on which the queue runs, or has run last. */
        private GuestSeats.Seat seat;
        /** The registration of the kick descriptor on the seat's lane. */
        private @Nullable FdHandle kick;

        private @Nullable SharedSignal err;
        private boolean enabled;
        private boolean logged;

        /**
         * Whether the front-end does not know the queue's position: the queue was started here or in another process, and its position has
         * not been reported since then.
         */
        private boolean inPlace;

        private Queue(GuestSeats.Seat home) {
            seat = home;
        }
    }

    /**
     * Creates the effects on a device that has not been used yet.
     *
     * @param seats the lanes of the device's queue pairs; {@code lane} is the home lane
     * @param progress file in which the positions of the queues are kept
     * @param files mappings of the front-end's memory
     * @param stop stops the device, with a reason of one line
     * @param restarted called when a device that had stopped may work again
     * @param tracer receives each request that this back-end sends
     */
    DeviceEffects(
            String guest,
            DeviceControl device,
            Lane lane,
            GuestSeats seats,
            int queuePairs,
            Announcer announcer,
            DeviceMove move,
            ProgressFile progress,
            GuestMemoryMapper files,
            BackendListener listener,
            Consumer<FeatureSet> onNegotiated,
            Consumer<String> stop,
            Runnable restarted,
            MessageTracer tracer) {
        this.guest = guest;
        this.device = device;
        this.lane = lane;
        this.seats = seats;
        this.memories = new GuestMemory[seats.all().size()];
        this.queuePairs = queuePairs;
        this.announcer = announcer;
        this.move = move;
        this.progress = progress;
        this.files = files;
        this.listener = listener;
        this.onNegotiated = onNegotiated;
        this.stop = stop;
        this.restarted = restarted;
        this.channel = new BackendChannel(tracer, this::report);
        this.queues = new Queue[2 * queuePairs + 1];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new Queue(seats.home());
        }
    }

    @Override
    public int queueNumber(boolean ownsConfig) {
        return ownsConfig ? 2 * queuePairs + 1 : queuePairs;
    }

    @Override
    public void acknowledge(FeatureSet features) {
        seats.others(seat -> seat.control().features(features));
        device.features(features);
    }

    @Override
    public void readConfig(int offset, MemorySegment into) {
        byte[] range = device.config().read(offset, (int) into.byteSize());
        MemorySegment.copy(range, 0, into, ValueLayout.JAVA_BYTE, 0, range.length);
    }

    @Override
    public void writeConfig(int offset, MemorySegment bytes, boolean migration) throws RefusedException {
        if (!device.config().write(offset, bytes.toArray(ValueLayout.JAVA_BYTE))) {
            throw new RefusedException("the driver may write nothing of the config space but the MAC address, "
                    + "and that only without VERSION_1");
        }
    }

    @Override
    public void memoryChanged(GuestMemory newMemory) {
        pendingMisses.clear();
        memory = newMemory;
        Arrays.fill(memories, null);
    }

    @Override
    public void translationsChanged(IotlbMessage message) {
        // An invalidated range may cause an IOTLB miss again, so misses in it are no longer pending.
        pendingMisses.removeIf(address -> Long.compareUnsigned(address - message.iova(), message.bytes()) < 0);
        device.translationsChanged();
    }

    @Override
    public void translationMissing(long address, boolean write) {
        if (!channel.canSend(BackendRequest.IOTLB_MSG)) {
            report(
                    "I/O virtual address 0x%x has no translation, and no IOTLB miss can be sent: the front-end gave no back-end channel"
                            .formatted(address));
        } else if (pendingMisses.add(address)) {
            int permission = write ? IotlbMessage.WRITE : IotlbMessage.READ;
            channel.send(
                    BackendRequest.IOTLB_MSG,
                    new IotlbMessage(address, 0, 0, permission, IotlbMessage.MISS).toPayload());
        }
    }

    @Override
    public void startQueue(QueueSetup setup) throws RefusedException {
        int index = setup.index();
        String name = guest + " queue " + index;
        if (paused) {
            paused = false;
            if (setup.layout().begins(setup.base())) {
                // This is a new driver and not the paused one, whose rings would be at a later position.
                seats.each(seat -> seat.control().newDriver());
            }
        }
        if (!device.hasQueue(index)) {
            throw new RefusedException(name + " does not exist with the features that were negotiated");
        }
        Queue queue = queues[index];
        queue.seat = seatOf(index);
        GuestSeats.Seat seat = queue.seat;
        try {
            boolean died = setup.inflight() == null
                    && !queue.inPlace
                    && progress.of(index).isKnown();
            Virtqueue untracked = ring(name, setup);
            Virtqueue ring = untracked;
            String contradiction = "";
            try {
                ring = tracked(name, setup, untracked);
            } catch (RingFault e) {
                contradiction = e.reason();
            }
            GuestNotifier call = notifier(seat, index, setup.call());
            queue.err = signal(setup.err(), "the error descriptor of queue " + index);
            EventFd kick =
                    setup.kick() == null ? null : EventFd.adopt(setup.kick(), "the kick descriptor of queue " + index);
            Virtqueue started = ring;
            seats.run(seat, () -> {
                queue.kick = kick == null
                        ? null
                        : seat.lane().wakeOn(kick, () -> seat.control().notified(index));
                seat.control().start(index, started, call, setup.enabled(), kick == null);
                if (died) {
                    // The previous process may have published used chains without a call.
                    call.signal();
                }
                // The lane may sleep, armed only for other queues. Then this queue's driver would not know that it must
                // kick.
                seat.lane().rearm();
            });
            queue.ring = ring;
            queue.enabled = setup.enabled();
            queue.inPlace = true;
            place(index);
            RingStartEvent.record(guest, index, setup.size(), setup.layout() == RingLayout.PACKED, setup.base());
            if (setup.log() != null) {
                logQueue(index, setup.log());
            }
            if (!contradiction.isEmpty()) {
                stop.accept(contradiction);
            }
            lane.rearm();
        } catch (SystemError e) {
            forget(queue);
            throw new RefusedException(e);
        } catch (RingFault e) {
            forget(queue);
            throw new RefusedException(e.reason());
        }
        reportNegotiated();
        reportLink();
    }

    private Virtqueue ring(String name, QueueSetup setup) {
        int index = setup.index();
        RingLayout layout = setup.layout();
        QueueProgress its = progress.of(index);
        if (setup.inflight() != null) {
            // The front-end's in-flight area has more information than the progress file.
            its.forget();
            return layout.open(name, setup.size(), parts(setup), seen(index), setup.base(), features(setup));
        }
        if (layout == RingLayout.PACKED) {
            progress.reportUnsaved(this::report);
        }
        long lies = setup.ring() ^ files.inodeAt(setup.descriptors().address());
        if (queues[index].inPlace) {
            return layout.resume(
                    name, setup.size(), parts(setup), seen(index), setup.base(), features(setup), its, lies);
        }
        return layout.reopen(
                name,
                setup.size(),
                parts(setup),
                seen(index),
                setup.base(),
                features(setup),
                its,
                lies,
                this::contradicted);
    }

    /**
     * Returns the queue with its chains tracked in the in-flight area, if the front-end has set one. A transmitted frame that was in flight
     * when another process died may have arrived, so it is not sent again. Receive buffers and control commands are popped again.
     *
     * @throws RingFault when the in-flight area contradicts itself or the ring
     */
    private Virtqueue tracked(String name, QueueSetup setup, Virtqueue untracked) {
        InflightRegion inflight = setup.inflight();
        return inflight == null
                ? untracked
                : inflight.open(
                        setup.layout(),
                        name,
                        setup.size(),
                        parts(setup),
                        seen(setup.index()),
                        setup.base(),
                        features(setup),
                        device.queueKind(setup.index()) != QueueKind.TRANSMIT);
    }

    /**
     * Returns the seat on which a queue starts. The control queue starts on the home lane. Behind an IOMMU all queues do, because only one
     * lane has the translations.
     */
    private GuestSeats.Seat seatOf(int index) {
        boolean atHome = !seats.spread()
                || device.queueKind(index) == QueueKind.CONTROL
                || device.negotiated(Feature.ACCESS_PLATFORM);
        return atHome ? seats.home() : seats.ofPair(index / 2);
    }

    /** Returns the memory table for the lane of a queue. */
    private GuestMemory seen(int index) {
        GuestSeats.Seat seat = queues[index].seat;
        if (seats.isHome(seat)) {
            return memory;
        }
        GuestMemory its = memories[seat.number()];
        if (its == null) {
            its = GuestMemory.of(memory.regions());
            memories[seat.number()] = its;
        }
        return its;
    }

    /** Sets the lane to which frames for a queue's pair are delivered. */
    private void place(int index) {
        if (!seats.spread() || device.queueKind(index) != QueueKind.RECEIVE) {
            return;
        }
        Queue queue = queues[index];
        if (queue.ring != null && queue.enabled) {
            seats.place(index / 2, queue.seat);
        } else {
            seats.displace(index / 2);
        }
    }

    private RingFeatures features(QueueSetup setup) {
        RingFeatures negotiated = RingFeatures.of(device.features());
        boolean transmits = device.queueKind(setup.index()) == QueueKind.TRANSMIT;
        return transmits ? negotiated.ofTransmitQueue() : negotiated;
    }

    private static RingParts parts(QueueSetup setup) {
        return new RingParts(setup.descriptors(), setup.avail(), setup.used());
    }

    /** Reports that the progress file contradicts a ring, which may belong to a driver that was started while no back-end ran. */
    private void contradicted(String reason) {
        report("a queue starts at the front-end's position, because its stored position does not match the ring: "
                + reason);
    }

    private GuestNotifier notifier(GuestSeats.Seat seat, int index, @Nullable Fd call) {
        SharedSignal signal = signal(seat, call, "the call descriptor of queue " + index);
        return signal == null ? GuestNotifier.NONE : signal::signal;
    }

    private @Nullable SharedSignal signal(@Nullable Fd descriptor, String what) {
        return signal(seats.home(), descriptor, what);
    }

    /** Returns a signal for the lane of a seat. */
    private @Nullable SharedSignal signal(GuestSeats.Seat seat, @Nullable Fd descriptor, String what) {
        if (descriptor == null) {
            return null;
        }
        EventFd eventFd = EventFd.adopt(descriptor, what);
        Runnable found = seats.isHome(seat) ? () -> jammed(what) : () -> lane.execute(() -> jammed(what));
        return jammed ? null : seat.lane().signal(eventFd, found);
    }

    private void jammed(String what) {
        jammed = true;
        for (Queue queue : queues) {
            queue.err = null;
        }
        logDescriptor = null;
        logSignal = null;
        updateLogSignals();
        stop.accept(what + " kept the back-end waiting: the front-end has filled its counter");
    }

    @Override
    public void finishQueue(int index) {
        GuestSeats.Seat seat = queues[index].seat;
        seats.run(seat, () -> seat.control().finish(index));
    }

    @Override
    public int stopQueue(int index) {
        Queue queue = queues[index];
        Virtqueue ring = queue.ring;
        if (ring == null) {
            throw new IllegalStateException(guest + " queue " + index + " does not run");
        }
        GuestSeats.Seat seat = queue.seat;
        if (seats.spread() && device.queueKind(index) == QueueKind.RECEIVE) {
            // Other lanes send no more frames to this pair; frames in transit go to another queue, or are dropped and
            // counted.
            seats.displace(index / 2);
        }
        seats.run(seat, () -> {
            seat.control().stop(index);
            forget(queue);
        });
        RingStopEvent.record(guest, index, ring.base());
        if (!left) {
            progress.of(index).stopped(ring.base());
        }
        // Its IOTLB misses may never be answered, because its driver may have unmapped the addresses.
        pendingMisses.clear();
        updateLogSignals();
        reportLink();
        return ring.base();
    }

    @Override
    public void positionKnown(int index) {
        queues[index].inPlace = false;
        progress.of(index).forget();
    }

    @Override
    public void allQueuesStopped() {
        boolean[] stopped = new boolean[1];
        seats.each(seat -> stopped[0] |= seat.control().clearStop());
        if (stopped[0]) {
            restarted.run();
        }
    }

    @Override
    public void logQueue(int index, @Nullable QueueLog log) {
        GuestSeats.Seat seat = queues[index].seat;
        seats.run(seat, () -> seat.control().log(index, log, this::notLogged));
        queues[index].logged = log != null;
        updateLogSignals();
        if (log != null && logSignal != null) {
            // Earlier writes to the ring are marked immediately.
            logSignal.signal();
        }
    }

    @Override
    public void logSignal(@Nullable Fd written) throws RefusedException {
        try {
            logSignal = signal(written, "the descriptor of the log");
            logDescriptor = written;
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
        updateLogSignals();
    }

    private void updateLogSignals() {
        SharedSignal signal = logSignal;
        boolean logged = Arrays.stream(queues).anyMatch(queue -> queue.logged);
        device.onLogWritten(signal == null || !logged ? GuestNotifier.NONE : signal::signal);
        if (seats.spread()) {
            for (GuestSeats.Seat seat : seats.all()) {
                if (!seats.isHome(seat)) {
                    SharedSignal its = logged ? signal(seat, logDescriptor, "the descriptor of the log") : null;
                    seats.run(seat, () -> seat.control().onLogWritten(its == null ? GuestNotifier.NONE : its::signal));
                }
            }
        }
    }

    /**
     * Stops the guest between two turns of the lane, because a write was not logged: without it, the memory would be stale at the
     * destination.
     */
    private void notLogged(String what) {
        lane.execute(() -> {
            if (Arrays.stream(queues).anyMatch(queue -> queue.ring != null)) {
                stop.accept(what);
            }
        });
    }

    @Override
    public int position(int index) {
        Virtqueue ring = queues[index].ring;
        if (ring == null) {
            throw new IllegalStateException(guest + " queue " + index + " does not run");
        }
        return ring.base();
    }

    /** Returns whether an announcement is pending for the guest, which has just migrated from another host. */
    boolean announces() {
        return announcer.announces();
    }

    /** Releases the guest, which another back-end has taken over. */
    void leave() {
        left = true;
    }

    /** Prepares the queues to continue at the positions of another back-end when they start next. */
    void arrive(List<SessionState.RingState> rings) {
        for (int i = 0; i < queues.length; i++) {
            // For a ring that was not started, a process that died may have left a position.
            queues[i].inPlace = i < rings.size() && rings.get(i).started();
        }
    }

    /** Returns whether the driver was paused; see {@link #paused}. */
    boolean paused() {
        return paused;
    }

    /** Takes over the value of {@link #paused()} from another back-end. */
    void paused(boolean was) {
        paused = was;
    }

    /** Returns whether requests can still be sent to the front-end, because no message was sent only in part. */
    boolean channelWorks() {
        return channel.works();
    }

    @Override
    public void suspendQueue(int index) {
        GuestSeats.Seat seat = queues[index].seat;
        seats.run(seat, () -> seat.control().suspend(index));
    }

    @Override
    public void resumeQueue(int index) {
        GuestSeats.Seat seat = queues[index].seat;
        seats.run(seat, () -> seat.control().resume(index));
    }

    private static void forget(Queue queue) {
        FdHandle kick = queue.kick;
        if (kick != null) {
            kick.close();
        }
        queue.kick = null;
        queue.err = null;
        queue.ring = null;
        queue.logged = false;
    }

    @Override
    public void enableQueue(int index, boolean enabled) {
        queues[index].enabled = enabled;
        GuestSeats.Seat seat = queues[index].seat;
        if (!enabled) {
            // Changed before the lane stops using the queue, so that a frame that arrives at the lane finds no queue
            // there.
            place(index);
        }
        seats.run(seat, () -> seat.control().enable(index, enabled));
        if (enabled) {
            place(index);
        }
        reportLink();
    }

    @Override
    public void callChanged(int index, @Nullable Fd call) throws RefusedException {
        try {
            GuestSeats.Seat seat = queues[index].seat;
            GuestNotifier replacement = notifier(seat, index, call);
            seats.run(seat, () -> seat.control().notifier(index, replacement));
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
    }

    @Override
    public void errChanged(int index, @Nullable Fd err) throws RefusedException {
        try {
            queues[index].err = signal(err, "the error descriptor of queue " + index);
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
    }

    @Override
    public void reset(ResetCause cause) {
        ResetEvent.record(guest, cause.name());
        if (cause == ResetCause.STATUS_CLEARED) {
            // Settings that the driver made by control commands must remain during a pause.
            paused = true;
        } else {
            seats.each(seat -> seat.control().reset());
        }
        announced = null;
    }

    @Override
    public void status(int status) {
        // Nothing to do: the start of rings shows that a driver is ready, and status 0 arrives as reset().
    }

    @Override
    public void setMtu(int mtu) {
        // Frames of any size up to the largest IP packet are forwarded, so every MTU is supported.
    }

    @Override
    public void backendChannel(@Nullable Fd channel, Set<ProtocolFeature> protocol) {
        this.channel.use(channel, protocol);
    }

    @Override
    public void announce(byte[] mac) throws RefusedException {
        long address = 0;
        for (byte each : mac) {
            address = (address << 8) | (each & 0xff);
        }
        announcer.announce(address);
        if (linkUp) {
            askToAnnounce();
        }
    }

    /**
     * Requests that the driver announce itself (STATUS_ANNOUNCE), if it reads this back-end's config space: only the driver knows all of
     * its addresses and VLANs. The back-end also sends its own announcement, because a guest without an IP address sends none.
     */
    private void askToAnnounce() {
        if (channel.canSend(BackendRequest.CONFIG_CHANGE_MSG) && device.requestAnnouncement()) {
            configChanged();
        }
    }

    @Override
    public void saveState(Fd to) throws RefusedException {
        move.save(to);
    }

    @Override
    public void loadState(Fd from) throws RefusedException {
        move.load(from);
    }

    @Override
    public void checkState(Consumer<Optional<String>> answer) {
        move.check(announcer, failure -> {
            // Either the paused driver continues at its position, or a new driver starts.
            paused |= failure.isEmpty();
            answer.accept(failure);
        });
    }

    /** Notifies the driver of a configuration change, so that it reads the config space again. */
    void configChanged() {
        channel.send(BackendRequest.CONFIG_CHANGE_MSG, Message.noPayload());
    }

    @Override
    public void report(String line) {
        listener.trouble(guest, line);
    }

    /** Signals the error descriptors after the device has stopped. */
    void signalErrors() {
        for (Queue queue : queues) {
            SharedSignal err = queue.err;
            if (err != null) {
                err.signal();
            }
        }
    }

    /** Returns the features that the driver acknowledged; empty until one of its queues has run. */
    Optional<FeatureSet> negotiatedFeatures() {
        return Optional.ofNullable(announced);
    }

    /** Returns every virtqueue that exists with the negotiated features. */
    List<QueueSnapshot> queues() {
        List<QueueSnapshot> all = new ArrayList<>();
        RingLayout layout = RingLayout.of(device.features());
        for (int i = 0; i < queues.length; i++) {
            if (device.hasQueue(i)) {
                boolean enabled = queues[i].enabled;
                all.add(new QueueSnapshot(
                        i,
                        device.queueKind(i),
                        Optional.ofNullable(queues[i].ring)
                                .map(ring -> new QueueSnapshot.Running(
                                        enabled, ring.size(), layout, Integer.toUnsignedLong(ring.base())))));
            }
        }
        return all;
    }

    private void reportNegotiated() {
        FeatureSet now = device.features();
        if (!now.equals(announced)) {
            announced = now;
            onNegotiated.accept(now);
            listener.negotiated(guest, now);
        }
    }

    /** Returns whether frames can be forwarded in both directions: a receive and a transmit queue are started and enabled, on any lane. */
    boolean ready() {
        boolean receives = false;
        boolean sends = false;
        for (int i = 0; i < queues.length; i++) {
            if (queues[i].ring != null && queues[i].enabled) {
                QueueKind kind = device.queueKind(i);
                receives |= kind == QueueKind.RECEIVE;
                sends |= kind == QueueKind.TRANSMIT;
            }
        }
        return receives && sends && device.open();
    }

    /** Returns the part of the next super-frame of a suspended queue that was delivered. */
    FrameCut cut(int index) {
        GuestSeats.Seat seat = queues[index].seat;
        return seats.ask(seat, () -> seat.control().cut(index));
    }

    /** Sets the part of a queue's next super-frame that another back-end has delivered; the queue has just been started. */
    void cut(int index, FrameCut cut) {
        GuestSeats.Seat seat = queues[index].seat;
        seats.run(seat, () -> seat.control().cut(index, cut));
    }

    /** Reports whether frames can be forwarded, if that has changed. */
    void reportLink() {
        boolean up = ready();
        if (up != linkUp && !left) {
            linkUp = up;
            if (announcer.running(up)) {
                askToAnnounce();
            }
            listener.link(guest, up);
        }
    }
}
