// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.SingleMemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringFile;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * The state machine of a front-end's connection. It handles requests, returns at most one reply to each, and calls {@link SessionEffects}
 * for their effects. It does no I/O and has no thread; one thread at a time may call it. The package's description has the table of errors.
 *
 * <p>The owner of the socket receives at most {@link org.vhost4j.vhostuser.wire.MessageReader#wanted} bytes at a time, passes them to the
 * reader together with their descriptors, passes each complete message to {@link #receive}, and writes the reply before it receives more.
 * When the reader or the session throws an exception, or the peer is gone, it closes the reader, the session and the socket.
 */
public final class Session implements AutoCloseable {
    private static final long SUCCESS = 0;
    private static final long FAILURE = 1;
    private static final int MAC_BYTES = 6;
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 0xffff;
    private static final int MAX_STATUS = 0xff;

    private final SessionOptions options;
    private final SessionEffects effects;
    private final Negotiation negotiation;
    private final MemoryTable table;
    private final LogMapping log;
    private final InflightMapping inflight;
    private final Rings rings;
    private final StateRequests states;
    private @Nullable Fd backendChannel;
    private int status;
    private boolean closed;

    /**
     * Creates a session in its initial state.
     *
     * @param options options of the session, including the offered features
     * @param effects receiver of the session's effects
     * @param mapper mapper of memory regions
     * @throws IllegalArgumentException when the options violate a dependency; see {@link SessionOptions#violations}
     */
    public Session(SessionOptions options, SessionEffects effects, RegionMapper mapper) {
        this.options = options;
        this.effects = effects;
        this.negotiation = new Negotiation(options);
        this.table = new MemoryTable(mapper, options.memorySlots());
        this.log = new LogMapping(mapper);
        this.inflight = new InflightMapping(mapper);
        this.rings = new Rings(options, negotiation, effects, inflight);
        this.states = new StateRequests(effects);
    }

    /**
     * Handles a request. When this returns, all its effects have taken place, unless {@link #owesReply}.
     *
     * @param message the request, which the session owns from now on: its descriptors are kept or closed, also when this throws
     * @return the reply to send, if the request has one or its sender has set need_reply; empty also while {@link
     *     #owesReply} is true
     * @throws ProtocolException when the front-end violated the protocol: send {@link ProtocolException#reply} if there is one, then close
     *     the connection and this session
     */
    public Optional<Message> receive(Message message) throws ProtocolException {
        try (message) {
            if (closed) {
                throw new IllegalStateException("the session is closed");
            }
            if (states.owesReply()) {
                throw new IllegalStateException("a reply is owed");
            }
            Request request = Request.ofCode(message.code())
                    .orElseThrow(() -> new ProtocolException(
                            MessageHeader.nameOf(message.code()),
                            "unknown",
                            "requests 1 to " + Request.values().length + " exist"));
            try {
                validate(request, message);
                Optional<Message> reply = dispatch(request, message);
                return reply.isPresent() || !acknowledges(request, message)
                        ? reply
                        : Optional.of(Message.reply(request.code(), SUCCESS));
            } catch (RefusedException e) {
                effects.report(request + ": refused: " + e.reason());
                return refusal(request, message);
            } catch (ProtocolException e) {
                throw acknowledges(request, message) ? e.withReply(Message.reply(request.code(), FAILURE)) : e;
            }
        }
    }

    /**
     * Returns whether the reply to the last request is still pending ({@link #onLateReply}). Until then no further
     * message may be received.
     *
     * @return true while an asynchronous effect is in progress
     */
    public boolean owesReply() {
        return states.owesReply();
    }

    /**
     * Sets the receiver of replies that {@link #receive} could not return.
     *
     * @param handler called by the session's thread, after which the session can receive the next message
     */
    public void onLateReply(Consumer<Message> handler) {
        states.onLateReply(handler);
    }

    /** Returns whether the front-end waits for an acknowledgement. A request that has its own reply is never acknowledged. */
    private boolean acknowledges(Request request, Message message) {
        return message.needReply() && request.reply().isEmpty() && negotiation.has(ProtocolFeature.REPLY_ACK);
    }

    private Optional<Message> refusal(Request request, Message message) {
        if (request == Request.GET_CONFIG) {
            // This request has its own reply for an error.
            return Optional.of(Message.reply(request.code(), Message.noPayload()));
        }
        if (request == Request.SET_DEVICE_STATE_FD) {
            return Optional.of(Message.reply(request.code(), StateRequests.REFUSED));
        }
        if (request == Request.GET_INFLIGHT_FD) {
            // QEMU continues without an area when the size is 0.
            return Optional.of(Message.reply(
                    request.code(),
                    MemorySegment.ofArray(new byte[(int) message.payload().byteSize()])));
        }
        boolean waits = request == Request.IOTLB_MSG || acknowledges(request, message);
        return waits ? Optional.of(Message.reply(request.code(), FAILURE)) : Optional.empty();
    }

    private void validate(Request request, Message message) throws ProtocolException {
        negotiation.require(request);
        if (!request.payload().allows(message.payload().byteSize())) {
            throw new ProtocolException(
                    request.name(),
                    "a payload of " + message.payload().byteSize() + " bytes",
                    request.payload().range() + " are needed");
        }
        int descriptors = message.descriptorCount();
        if (descriptors < request.minDescriptors() || descriptors > request.maxDescriptors()) {
            throw new ProtocolException(
                    request.name(),
                    descriptors + " descriptors",
                    request.minDescriptors() == request.maxDescriptors()
                            ? request.minDescriptors() + " must come"
                            : request.minDescriptors() + " to " + request.maxDescriptors() + " may come");
        }
    }

    private Optional<Message> dispatch(Request request, Message message) throws ProtocolException, RefusedException {
        MemorySegment payload = message.payload();
        switch (request) {
            case GET_FEATURES -> {
                return reply(request, negotiation.offered().low());
            }
            case SET_FEATURES -> setFeatures(FeatureSet.ofWord(message.u64()));
            case GET_PROTOCOL_FEATURES -> {
                return reply(request, negotiation.offeredProtocol());
            }
            case SET_PROTOCOL_FEATURES -> negotiation.acknowledgeProtocol(message.u64(), rings.anyStarted());
            case SET_OWNER -> {
                // SET_OWNER has no effect: the connection itself is the session.
            }
            case RESET_OWNER -> rings.enableAll(false);
            case GET_QUEUE_NUM -> {
                return reply(request, effects.queueNumber(negotiation.has(ProtocolFeature.CONFIG)));
            }
            case SET_MEM_TABLE -> {
                MemoryRegions regions = MemoryRegions.read(request, message);
                changeMemory(table.replace(regions.regions(), message.takeDescriptors()));
            }
            case GET_MAX_MEM_SLOTS -> {
                return reply(request, options.memorySlots());
            }
            case ADD_MEM_REG -> {
                SingleMemoryRegion region = SingleMemoryRegion.read(request, payload);
                changeMemory(table.add(region.region(), message.takeDescriptor()));
            }
            case REM_MEM_REG ->
                changeMemory(
                        table.remove(SingleMemoryRegion.read(request, payload).region()));
            case SET_LOG_BASE -> {
                setLogBase(LogArea.read(request, payload), message);
                return reply(request, SUCCESS);
            }
            case SET_LOG_FD -> log.signal(message.takeDescriptor(), effects);
            case SET_VRING_NUM -> rings.setSize(vringState(request, payload));
            case SET_VRING_BASE -> rings.setBase(vringState(request, payload));
            case SET_VRING_ENABLE -> rings.enable(vringState(request, payload));
            case GET_VRING_BASE -> {
                VringState stopped = rings.stop(vringState(request, payload).index());
                return Optional.of(Message.reply(request.code(), stopped.toPayload()));
            }
            case SET_VRING_ADDR -> {
                VringAddress address = VringAddress.read(payload);
                address.validate(request, rings.count());
                rings.setAddress(address);
            }
            case SET_VRING_KICK -> {
                VringFile file = VringFile.read(request, message, rings.count());
                rings.kick(file.index(), descriptor(file, message));
            }
            case SET_VRING_CALL -> {
                VringFile file = VringFile.read(request, message, rings.count());
                rings.setCall(file.index(), descriptor(file, message));
            }
            case SET_VRING_ERR -> {
                VringFile file = VringFile.read(request, message, rings.count());
                rings.setErr(file.index(), descriptor(file, message));
            }
            case GET_CONFIG -> {
                return Optional.of(
                        Message.reply(request.code(), readConfig(payload).toPayload()));
            }
            case SET_CONFIG -> writeConfig(payload);
            case SET_STATUS -> setStatus(message.u64());
            case GET_STATUS -> {
                return reply(request, status);
            }
            case RESET_DEVICE -> resetDevice();
            case NET_SET_MTU -> setMtu(message.u64());
            case SEND_RARP -> effects.announce(payload.asSlice(0, MAC_BYTES).toArray(ValueLayout.JAVA_BYTE));
            case IOTLB_MSG -> {
                rings.translate(IotlbMessage.read(payload));
                return reply(request, SUCCESS);
            }
            case GET_INFLIGHT_FD -> {
                return Optional.of(makeInflight(payload));
            }
            case SET_INFLIGHT_FD -> setInflight(payload, message.takeDescriptor());
            case SET_DEVICE_STATE_FD -> {
                return reply(request, states.begin(payload, message, rings.anyStarted()));
            }
            case CHECK_DEVICE_STATE -> {
                return states.check();
            }
            case SET_BACKEND_REQ_FD -> setBackendChannel(message.takeDescriptor());
            default -> throw new ProtocolException(request.name(), "not served", "this back-end is a network device");
        }
        return Optional.empty();
    }

    private static Optional<Message> reply(Request request, long value) {
        return Optional.of(Message.reply(request.code(), value));
    }

    private VringState vringState(Request request, MemorySegment payload) throws ProtocolException {
        VringState state = VringState.read(payload);
        state.validate(request, rings.count());
        return state;
    }

    private static @Nullable Fd descriptor(VringFile file, Message message) {
        return file.present() ? message.takeDescriptor() : null;
    }

    private void setFeatures(FeatureSet word) throws ProtocolException {
        boolean started = rings.anyStarted();
        negotiation.acknowledge(word, started);
        if (!started) {
            effects.acknowledge(features());
            rings.translate(word.has(Feature.ACCESS_PLATFORM));
        }
        rings.logging(word.has(Feature.LOG_ALL));
        if (!word.has(Feature.PROTOCOL_FEATURES)) {
            // A front-end without PROTOCOL_FEATURES does not know SET_VRING_ENABLE.
            rings.enableAll(true);
        }
    }

    /**
     * Executes SET_LOG_BASE. QEMU sends it before SET_FEATURES with LOG_ALL, and again when memory was added that the
     * log does not cover.
     */
    private void setLogBase(LogArea area, Message message) throws ProtocolException {
        if (message.descriptorCount() != 1) {
            throw new ProtocolException(
                    Request.SET_LOG_BASE.name(), "no descriptor", "with LOG_SHMFD the log's file must come");
        }
        rings.log(log.replace(area, message.takeDescriptor(), rings::requireCoveredBy));
        log.closeRetired();
    }

    private Message makeInflight(MemorySegment payload) throws ProtocolException, RefusedException {
        InflightDescription wanted = inflightDescription(Request.GET_INFLIGHT_FD, payload);
        InflightMapping.Made made = inflight.make(
                // An area for packed rings is large enough for split ones.
                wanted, negotiation.acknowledged() ? rings.layout() : RingLayout.PACKED);
        return Message.reply(
                Request.GET_INFLIGHT_FD.code(),
                made.description().toPayload((int) payload.byteSize()),
                List.of(made.file()));
    }

    private void setInflight(MemorySegment payload, Fd descriptor) throws ProtocolException {
        InflightDescription description;
        try {
            description = inflightDescription(Request.SET_INFLIGHT_FD, payload);
            description.validatePlace(Request.SET_INFLIGHT_FD);
        } catch (ProtocolException e) {
            descriptor.close();
            throw e;
        }
        inflight.replace(description, descriptor, rings.layout());
    }

    private InflightDescription inflightDescription(Request request, MemorySegment payload) throws ProtocolException {
        if (rings.anyStarted()) {
            throw new ProtocolException(
                    request.name(), "a ring is started", "GET_VRING_BASE must stop all of them first");
        }
        InflightDescription description = InflightDescription.read(payload);
        description.validateQueues(request, rings.count(), options.maxQueueSize());
        return description;
    }

    private void changeMemory(GuestMemory memory) {
        rings.changeMemory(memory);
        table.closeRetired();
    }

    private ConfigSpace readConfig(MemorySegment payload) throws ProtocolException, RefusedException {
        ConfigSpace part = ConfigSpace.read(Request.GET_CONFIG, payload);
        validateConfig(part);
        byte[] bytes = new byte[part.size()];
        effects.readConfig(part.offset(), MemorySegment.ofArray(bytes));
        return new ConfigSpace(part.offset(), part.flags(), MemorySegment.ofArray(bytes));
    }

    private void writeConfig(MemorySegment payload) throws ProtocolException, RefusedException {
        ConfigSpace part = ConfigSpace.read(Request.SET_CONFIG, payload);
        part.validateWrite(Request.SET_CONFIG);
        validateConfig(part);
        effects.writeConfig(part.offset(), part.bytes(), part.flags() == ConfigSpace.MIGRATION);
    }

    private void validateConfig(ConfigSpace part) throws RefusedException {
        if (!part.within(options.configSize())) {
            throw new RefusedException("%d bytes at offset %s are outside the config space, which has %d bytes"
                    .formatted(part.size(), Integer.toUnsignedString(part.offset()), options.configSize()));
        }
    }

    private void setStatus(long value) throws ProtocolException {
        if (Long.compareUnsigned(value, MAX_STATUS) > 0) {
            throw new ProtocolException(
                    Request.SET_STATUS.name(), "status 0x" + Long.toHexString(value), "a device status has 8 bits");
        }
        status = (int) value;
        if (status == 0) {
            rings.stopAll();
            effects.reset(ResetCause.STATUS_CLEARED);
        }
        effects.status(status);
    }

    private void resetDevice() {
        rings.reset();
        negotiation.reset();
        rings.translate(false);
        rings.logging(false);
        status = 0;
        effects.reset(ResetCause.RESET_DEVICE);
    }

    private void setMtu(long mtu) throws RefusedException {
        if (Long.compareUnsigned(mtu, MIN_MTU) < 0 || Long.compareUnsigned(mtu, MAX_MTU) > 0) {
            throw new RefusedException(
                    "MTU %s is not %d to %d".formatted(Long.toUnsignedString(mtu), MIN_MTU, MAX_MTU));
        }
        effects.setMtu((int) mtu);
    }

    private void setBackendChannel(Fd channel) {
        Fd before = backendChannel;
        backendChannel = channel;
        effects.backendChannel(channel, protocolFeatures());
        Ring.close(before);
    }

    /**
     * Returns the state that the front-end has set up. Called between two messages.
     *
     * @return the state; the session still owns the descriptors
     */
    public SessionState state() {
        return new SessionState(
                negotiation.acknowledged(),
                negotiation.features().low(),
                negotiation.protocol(),
                status,
                table.state(),
                log.state(),
                log.signal(),
                inflight.state(),
                backendChannel,
                rings.state());
    }

    /**
     * Suspends all queues until {@link #proceed}. No message may be passed to {@link #receive} in between.
     *
     * @see SessionEffects#suspendQueue
     */
    public void halt() {
        rings.halt();
    }

    /** Resumes all queues after {@link #halt}. */
    public void proceed() {
        rings.proceed();
    }

    /**
     * Returns the position of each queue, after {@link #halt}.
     *
     * @return the positions by index, as in SET_VRING_BASE; empty when none was set
     */
    public List<Optional<Integer>> positions() {
        return rings.positions();
    }

    /**
     * Restores the state that a front-end has set up in a session of another process. When this returns, its memory is mapped; no queue
     * runs before {@link #begin}.
     *
     * @param state the state, whose descriptors the session owns from now on; when this throws, {@link #close} closes them
     * @throws RefusedException when this session cannot continue with that state, for example because not all of its features are offered
     */
    public void restore(SessionState state) throws RefusedException {
        backendChannel = state.channel();
        rings.restore(state.rings());
        try {
            negotiation.restore(state);
            status = state.status();
            changeMemory(table.restore(state.regions()));
            if (state.acknowledged()) {
                effects.acknowledge(features());
                rings.translate(negotiation.features().has(Feature.ACCESS_PLATFORM));
            }
            SessionState.Log logged = state.log();
            if (logged != null) {
                rings.log(log.replace(logged.area(), logged.file(), rings::requireCoveredBy));
            }
            if (state.logSignal() != null) {
                log.signal(state.logSignal(), effects);
            }
            rings.logging(negotiation.features().has(Feature.LOG_ALL));
            SessionState.Inflight tracked = state.inflight();
            if (tracked != null) {
                inflight.replace(tracked.description(), tracked.file(), rings.layout());
            }
        } catch (ProtocolException e) {
            state.regions().forEach(region -> region.file().close());
            Ring.close(state.log() == null ? null : state.log().file());
            Ring.close(state.logSignal());
            Ring.close(state.inflight() == null ? null : state.inflight().file());
            throw new RefusedException(String.valueOf(e.getMessage()));
        }
        if (state.channel() != null) {
            effects.backendChannel(state.channel(), protocolFeatures());
        }
    }

    /**
     * Starts the queues that were started in the session from which this one was restored.
     *
     * @param state the state that was passed to {@link #restore}
     * @param positions positions of the rings
     */
    public void begin(SessionState state, List<Optional<Integer>> positions) {
        rings.begin(state.rings(), positions);
    }

    /**
     * Returns the virtio features that the front-end acknowledged.
     *
     * @return the features without PROTOCOL_FEATURES and LOG_ALL, which concern front-end and back-end only; none
     *     before SET_FEATURES and after RESET_DEVICE
     */
    public FeatureSet features() {
        return negotiation.features().minus(Negotiation.NOT_THE_DRIVERS);
    }

    /**
     * Returns the protocol features that the front-end acknowledged.
     *
     * @return the protocol features
     */
    public Set<ProtocolFeature> protocolFeatures() {
        return ProtocolFeature.of(negotiation.protocol());
    }

    /**
     * Returns whether a queue runs on the device.
     *
     * @param index index of the virtqueue
     * @return true while it is started and its addresses are in the memory table
     */
    public boolean runs(int index) {
        return rings.runs(index);
    }

    /**
     * Ends the session: stops all queues, removes the memory table and the back-end channel from the device, then unmaps the memory and
     * closes all descriptors. Later calls do nothing. If the device fails to stop a queue, its exception propagates, and the memory stays
     * mapped, because a lane may be using it.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        states.close();
        try {
            rings.close();
            log.close(effects);
            inflight.close();
            table.close();
            if (backendChannel != null) {
                effects.backendChannel(null, Set.of());
            }
        } finally {
            rings.closeDescriptors();
            Ring.close(backendChannel);
            backendChannel = null;
        }
    }
}
