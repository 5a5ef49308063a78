// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * A back-end that is written only to be easy to understand: one queue pair, split rings, frames that return as they are,
 * checksums completed and TCP segmented. It does one thing wrong on purpose.
 */
final class SmallBackEnd implements AutoCloseable {
    private static final long FEATURES = FeatureSet.of(
                    Feature.VERSION_1,
                    Feature.MRG_RXBUF,
                    Feature.PROTOCOL_FEATURES,
                    Feature.CSUM,
                    Feature.HOST_TSO4,
                    Feature.INDIRECT_DESC,
                    Feature.MTU,
                    Feature.MAC,
                    Feature.STATUS,
                    Feature.CTRL_VQ,
                    Feature.CTRL_RX,
                    Feature.CTRL_RX_EXTRA,
                    Feature.CTRL_VLAN,
                    Feature.CTRL_MAC_ADDR,
                    Feature.HASH_REPORT,
                    Feature.NOTF_COAL,
                    Feature.VQ_NOTF_COAL,
                    Feature.ACCESS_PLATFORM,
                    Feature.LOG_ALL)
            .low();
    private static final long PROTOCOL = ProtocolFeature.word(List.of(
            ProtocolFeature.MQ,
            ProtocolFeature.REPLY_ACK,
            ProtocolFeature.LOG_SHMFD,
            ProtocolFeature.MTU,
            ProtocolFeature.CONFIG,
            ProtocolFeature.BACKEND_REQ,
            ProtocolFeature.STATUS,
            ProtocolFeature.RESET_DEVICE,
            ProtocolFeature.INFLIGHT_SHMFD,
            ProtocolFeature.PAGEFAULT,
            ProtocolFeature.DEVICE_STATE,
            ProtocolFeature.CONFIGURE_MEM_SLOTS));
    private static final int SLOTS = 16;
    private static final int FAR_OFFSET = 200;
    private static final int LOST_EVERY = 50;
    private static final Duration FOREVER = Duration.ofSeconds(60);

    private final Path path;
    private final Fault fault;
    private final boolean inPieces;
    private final FrontEndSocket.Listener listener;
    private final Thread thread;
    private volatile boolean ended;

    private final SmallMemory memory;
    private final SmallQueue receive;
    private final SmallQueue transmit;
    private final SmallQueue commands;
    private final SmallNet net;
    private final SmallControl control;
    private final SmallHash hash;
    private final SmallInflight inflight;
    private final SmallState state;
    private final SmallPostcopy postcopy;
    private final SmallDevice device;
    private final SmallChannel channel;
    private long protocol;
    private int connections;
    private int messages;
    private int featureQuestions;
    private boolean ran;
    private boolean tableAwaited;
    private @Nullable FrontEndSocket connection;

    /** Listens; {@code inPieces} has it send its answers byte by byte, which is right. */
    SmallBackEnd(Path socket, Fault fault, boolean inPieces) {
        this.path = socket;
        this.fault = fault;
        this.inPieces = inPieces;
        this.listener = FrontEndSocket.listen(socket);
        this.postcopy = new SmallPostcopy(fault);
        this.memory = new SmallMemory(fault, this::miss, postcopy);
        this.inflight = new SmallInflight(fault);
        this.receive = new SmallQueue(memory, inflight, 0, fault);
        this.transmit = new SmallQueue(memory, inflight, 1, fault);
        this.commands = new SmallQueue(memory, inflight, 2, fault);
        this.hash = new SmallHash(fault);
        this.control = new SmallControl(memory, hash, List.of(receive, transmit), fault);
        this.net = new SmallNet(memory, receive, transmit, control, hash, fault);
        this.state = new SmallState(fault);
        this.device = new SmallDevice(fault);
        this.channel = new SmallChannel(fault);
        this.thread = Thread.ofPlatform().daemon().name("small-back-end").start(this::serve);
    }

    /** Where it listens. */
    Path socket() {
        return path;
    }

    private void serve() {
        while (!ended) {
            try (FrontEndSocket socket = listener.accept(FOREVER)) {
                reset();
                connection = socket;
                serve(socket);
            } catch (FrontEndException e) {
                // The front-end is gone, or there was none: the next one is waited for.
                LockSupport.parkNanos(1);
            } catch (IllegalStateException e) {
                // The listener was closed.
                ended = true;
            } catch (SmallMemory.Outside | Broken | InternalError e) {
                // A device that stops, for this connection; the error is memory whose file was shortened.
                if (fault == Fault.FRAGILE || (fault == Fault.INFLIGHT_FRAGILE && inflight.wanted())) {
                    ended = true;
                    listener.close();
                }
            }
            if (fault == Fault.ONE_CONNECTION && ran) {
                ended = true;
                listener.close();
            }
        }
    }

    private void reset() {
        protocol = 0;
        connections++;
        messages = 0;
        tableAwaited = false;
        postcopy.reset();
        memory.clear();
        inflight.clear();
        state.reset();
        hash.reset();
        control.reset();
        device.reset();
        channel.close();
        receive.reset();
        transmit.reset();
        commands.reset();
    }

    private void serve(FrontEndSocket socket) {
        while (!ended) {
            boolean worked = net.turn();
            control.turn(commands);
            state.turn();
            if (channel.endsAll()) {
                throw new Broken();
            }
            if (readable(socket, worked ? 0 : 1)) {
                try (RawMessage message = socket.receive(Duration.ofSeconds(1))) {
                    messages++;
                    if (fault == Fault.ONE_MESSAGE_A_READ
                            && message.request() == Request.GET_PROTOCOL_FEATURES.code()
                            && readable(socket, 0)) {
                        socket.receive(Duration.ofSeconds(1)).close();
                    }
                    if (fault != Fault.LOST_REQUEST || messages % LOST_EVERY != 0) {
                        answer(socket, message);
                    }
                }
            }
            receive.afterStop();
            transmit.afterStop();
        }
    }

    /** Asks for a translation, and does what the front-end says meanwhile. */
    private void miss(long iova) {
        FrontEndSocket socket = connection;
        if (fault == Fault.IOTLB_SILENT || socket == null) {
            throw new SmallMemory.Outside();
        }
        channel.miss(iova);
        while (!readable(socket, 1)) {
            if (ended || channel.endsAll()) {
                throw new Broken();
            }
        }
        try (RawMessage message = socket.receive(Duration.ofSeconds(1))) {
            messages++;
            answer(socket, message);
        }
    }

    private static boolean readable(FrontEndSocket socket, int millis) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(8, 4);
            entry.set(ValueLayout.JAVA_INT, 0, socket.fd().number());
            entry.set(ValueLayout.JAVA_SHORT, 4, (short) LibC.POLLIN);
            return LibC.poll(entry.address(), 1, millis) > 0;
        }
    }

    /** The message cannot be served. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** The message is refused, if its sender wants to know, and ends the connection if not. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void answer(FrontEndSocket socket, RawMessage message) {
        Request request = Request.ofCode(message.request()).orElse(null);
        if (request == null && fault == Fault.UNKNOWN_IS_DONE) {
            reply(socket, message, FrontEnd.u64(0));
            return;
        }
        if (request == null
                || (message.flags() & 7) != MessageHeader.VERSION
                || !(isTableTaken(request, message)
                        || (request.payload().allows(message.payload().remaining())
                                && message.descriptors().size() >= request.minDescriptors()))
                || message.descriptors().size() > request.maxDescriptors()) {
            throw new Broken();
        }
        boolean needReply = (message.flags() & MessageHeader.NEED_REPLY) != 0 && ProtocolFeature.REPLY_ACK.in(protocol);
        byte[] answer;
        try {
            answer = answer(socket, request, message);
        } catch (Refused e) {
            if (!needReply) {
                throw new Broken();
            }
            reply(socket, message, FrontEnd.u64(1));
            return;
        }
        if (answer != null) {
            reply(socket, message, answer);
            needReply &= fault == Fault.TWO_REPLIES;
        }
        boolean unasked = fault == Fault.UNASKED_REPLY && memory.isEmpty() && request == Request.SET_VRING_NUM;
        boolean silent = fault == Fault.NO_REPLY_ACK && memory.isEmpty() && request == Request.SET_VRING_NUM;
        if ((needReply && !silent) || unasked) {
            reply(socket, message, FrontEnd.u64(isFalselyRefused(request, message) ? 1 : 0));
        }
    }

    /** The front-end's word that it knows where its memory is, which is not answered. */
    private boolean isTableTaken(Request request, RawMessage message) {
        return tableAwaited
                && request == Request.SET_MEM_TABLE
                && message.descriptors().isEmpty();
    }

    private boolean isFalselyRefused(Request request, RawMessage message) {
        return fault == Fault.FALSE_REFUSAL
                && request == Request.SET_VRING_CALL
                && message.descriptors().isEmpty();
    }

    private void reply(FrontEndSocket socket, RawMessage message, byte[] payload) {
        reply(socket, message, payload, List.of());
    }

    private void reply(FrontEndSocket socket, RawMessage message, byte[] payload, List<Fd> descriptors) {
        boolean flags = fault == Fault.REPLY_FLAGS && message.request() == Request.GET_FEATURES.code();
        int more = flags ? message.flags() & MessageHeader.NEED_REPLY : 0;
        // One question is answered wrong, which is not asked in every case; the offer is answered right.
        boolean wrong = connections > 1 && message.request() == Request.GET_MAX_MEM_SLOTS.code();
        int version = wrong && fault == Fault.REPLY_VERSION ? 0 : MessageHeader.VERSION;
        int number = message.request() + (wrong && fault == Fault.REPLY_NUMBER ? 1 : 0);
        byte[] sent = wrong && fault == Fault.REPLY_SHORT ? Arrays.copyOf(payload, payload.length / 2) : payload;
        byte[] bytes = RawMessage.encode(number, version | MessageHeader.REPLY | more, sent);
        if (wrong && fault == Fault.REPLY_CUT) {
            socket.send(Arrays.copyOf(bytes, bytes.length / 2), List.of(), Duration.ofSeconds(1));
            throw new Broken();
        }
        int piece = inPieces ? 1 : bytes.length;
        for (int at = 0; at < bytes.length; at += piece) {
            socket.send(
                    Arrays.copyOfRange(bytes, at, at + piece),
                    at == 0 ? descriptors : List.of(),
                    Duration.ofSeconds(1));
        }
    }

    private static byte[] bytes(ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    private byte @Nullable [] answer(FrontEndSocket socket, Request request, RawMessage message) {
        ByteBuffer payload = message.payload();
        switch (request) {
            case GET_FEATURES -> {
                return FrontEnd.u64(offer());
            }
            case GET_PROTOCOL_FEATURES -> {
                long lone = (PROTOCOL & ~ProtocolFeature.BACKEND_REQ.mask()) | ProtocolFeature.BACKEND_SEND_FD.mask();
                return FrontEnd.u64(fault == Fault.LONE_SEND_FD ? lone : PROTOCOL);
            }
            case SET_PROTOCOL_FEATURES -> protocol = payload.getLong();
            case SET_FEATURES -> features(payload.getLong());
            case SET_MEM_TABLE -> {
                if (isTableTaken(request, message)) {
                    tableAwaited = false;
                    return null;
                }
                ByteBuffer table = payload.duplicate().order(payload.order());
                memory.table(payload, message.descriptors());
                if (postcopy.listening()) {
                    tableAwaited = true;
                    return memory.addresses(table);
                }
            }
            case IOTLB_MSG -> {
                memory.translations(IotlbMessage.read(MemorySegment.ofArray(bytes(payload))));
                return fault == Fault.IOTLB_ANSWER ? FrontEnd.u64(1) : FrontEnd.u64(0);
            }
            case POSTCOPY_ADVISE -> reply(socket, message, new byte[0], List.of(postcopy.advise()));
            case POSTCOPY_LISTEN -> postcopy.listen();
            case POSTCOPY_END -> {
                memory.arrived();
                return FrontEnd.u64(postcopy.end());
            }
            case GET_INFLIGHT_FD -> {
                SmallInflight.Offer offer = inflight.offer(payload);
                try (Fd file = offer.file()) {
                    reply(socket, message, offer.payload().array(), List.of(file));
                }
            }
            case SET_INFLIGHT_FD -> inflight.set(payload, message.descriptors().getFirst());
            case SET_DEVICE_STATE_FD -> {
                return FrontEnd.u64(state.begin(payload, message.descriptors().getFirst()));
            }
            case CHECK_DEVICE_STATE -> {
                return FrontEnd.u64(state.check());
            }
            case GET_QUEUE_NUM -> {
                return FrontEnd.u64(fault == Fault.QUEUE_NUM_CHANGES ? messages : 1);
            }
            case GET_MAX_MEM_SLOTS -> {
                return FrontEnd.u64(SLOTS);
            }
            case ADD_MEM_REG -> memory.add(payload, message.descriptors(), SLOTS);
            case REM_MEM_REG -> memory.remove(payload);
            case NET_SET_MTU -> {
                long mtu = payload.getLong();
                if (fault == Fault.MTU_REFUSED || ((mtu < 68 || mtu > 0xffff) && fault != Fault.MTU_ANY)) {
                    throw new Refused();
                }
            }
            case GET_CONFIG -> {
                // The offer is asked for with smaller offsets.
                boolean far = payload.getInt(payload.position()) > FAR_OFFSET;
                byte[] part = device.config(payload);
                return far && fault == Fault.CONFIG_SILENT ? null : part;
            }
            case SET_CONFIG -> device.write(payload);
            case SET_BACKEND_REQ_FD -> channel.open(message.descriptors().getFirst());
            case GET_STATUS -> {
                return FrontEnd.u64(device.status());
            }
            case SET_STATUS -> {
                if (device.status((int) payload.getLong())) {
                    stopAll(fault == Fault.STATUS_ENDS);
                }
            }
            case RESET_DEVICE -> stopAll(fault == Fault.RESET_ENDS);
            case RESET_OWNER -> {
                if (fault == Fault.OWNER_ENDS) {
                    throw new Broken();
                }
            }
            case SET_LOG_BASE -> {
                memory.log(payload, message.descriptors());
                return FrontEnd.u64(0);
            }
            case SET_VRING_NUM -> queue(payload.getInt()).size(payload.getInt());
            case SET_VRING_BASE -> queue(payload.getInt()).base(payload.getInt());
            case SET_VRING_ADDR -> queue(payload.getInt()).addresses(payload);
            case SET_VRING_ENABLE -> {
                if (fault == Fault.ENABLE_TOO_EARLY && memory.isEmpty()) {
                    throw new Refused();
                }
                queue(payload.getInt()).enable(payload.getInt() != 0);
                channel.tell(ProtocolFeature.CONFIG.in(protocol));
            }
            case SET_VRING_KICK -> queue((int) payload.getLong()).kick(message.descriptors());
            case SET_VRING_CALL -> {
                if (fault == Fault.CALL_TOO_EARLY && memory.isEmpty()) {
                    throw new Refused();
                }
                queue((int) payload.getLong()).call(message.descriptors());
            }
            case GET_VRING_BASE -> {
                int index = payload.getInt();
                int base = queue(index).stop(index == 0);
                if (fault == Fault.STOPS_BOTH) {
                    queue(index ^ 1).stop(false);
                }
                int told = fault == Fault.BASE_OF_OTHER ? index ^ 1 : index;
                return FrontEnd.bytes(new VringState(told, base).toPayload());
            }
            case SET_OWNER, SET_VRING_ERR, SET_LOG_FD -> {
                // Nothing follows from them here.
            }
            default -> throw new Broken();
        }
        return null;
    }

    private long offer() {
        featureQuestions++;
        return switch (fault) {
            case LONE_TSO -> FEATURES & ~Feature.CSUM.mask();
            case FEATURES_CHANGE -> featureQuestions % 2 == 0 ? FEATURES & ~Feature.MTU.mask() : FEATURES;
            default -> FEATURES;
        };
    }

    private void stopAll(boolean forGood) {
        for (SmallQueue queue : List.of(receive, transmit, commands)) {
            queue.enable(false);
            queue.halt(forGood);
        }
        hash.reset();
        control.reset();
    }

    private void features(long word) {
        if (fault != Fault.OLD_FEATURES || !ran) {
            net.features(word);
        }
        ran = true;
        memory.logging(Feature.LOG_ALL.in(word));
        memory.translated(Feature.ACCESS_PLATFORM.in(word));
        if (!Feature.PROTOCOL_FEATURES.in(word) && fault != Fault.NEEDS_ENABLE) {
            receive.enable(true);
            transmit.enable(true);
        }
    }

    private SmallQueue queue(int index) {
        return switch (index & 0xff) {
            case 0 -> receive;
            case 1 -> transmit;
            case 2 -> commands;
            default -> throw new Broken();
        };
    }

    /** Everything that is wrong with it. */
    static List<Fault> faults() {
        List<Fault> all = new ArrayList<>(List.of(Fault.values()));
        all.remove(Fault.NONE);
        return all;
    }

    @Override
    public void close() {
        ended = true;
        listener.close();
        thread.interrupt();
    }
}
