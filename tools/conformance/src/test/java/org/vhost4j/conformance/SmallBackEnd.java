// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.LibC;
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
                    Feature.LOG_ALL)
            .low();
    private static final long PROTOCOL =
            ProtocolFeature.word(List.of(ProtocolFeature.REPLY_ACK, ProtocolFeature.LOG_SHMFD));
    private static final Duration FOREVER = Duration.ofSeconds(60);

    private final Path path;
    private final Fault fault;
    private final FrontEndSocket.Listener listener;
    private final Thread thread;
    private volatile boolean ended;

    private final SmallMemory memory;
    private final SmallQueue receive;
    private final SmallQueue transmit;
    private final SmallNet net;
    private long protocol;

    SmallBackEnd(Path socket, Fault fault) {
        this.path = socket;
        this.fault = fault;
        this.listener = FrontEndSocket.listen(socket);
        this.memory = new SmallMemory(fault);
        this.receive = new SmallQueue(memory, fault);
        this.transmit = new SmallQueue(memory, fault);
        this.net = new SmallNet(memory, receive, transmit, fault);
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
                serve(socket);
            } catch (FrontEndException e) {
                // The front-end is gone, or there was none: the next one is waited for.
                LockSupport.parkNanos(1);
            } catch (SmallMemory.Outside | Broken e) {
                // A device that stops, for this connection.
                if (fault == Fault.FRAGILE) {
                    ended = true;
                    listener.close();
                }
            }
        }
    }

    private void reset() {
        protocol = 0;
        memory.clear();
        receive.reset();
        transmit.reset();
    }

    private void serve(FrontEndSocket socket) {
        while (!ended) {
            boolean worked = net.turn();
            if (readable(socket, worked ? 0 : 1)) {
                try (RawMessage message = socket.receive(Duration.ofSeconds(1))) {
                    answer(socket, message);
                }
            }
            receive.afterStop();
            transmit.afterStop();
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
    private static final class Broken extends RuntimeException {
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
                || !request.payload().allows(message.payload().remaining())
                || message.descriptors().size() < request.minDescriptors()
                || message.descriptors().size() > request.maxDescriptors()) {
            throw new Broken();
        }
        byte[] answer = answer(request, message);
        if (answer != null) {
            reply(socket, message, answer);
        } else if ((message.flags() & MessageHeader.NEED_REPLY) != 0 && ProtocolFeature.REPLY_ACK.in(protocol)) {
            reply(socket, message, FrontEnd.u64(0));
        }
    }

    private void reply(FrontEndSocket socket, RawMessage message, byte[] payload) {
        int more = fault == Fault.REPLY_FLAGS ? message.flags() & MessageHeader.NEED_REPLY : 0;
        int flags = MessageHeader.VERSION | MessageHeader.REPLY | more;
        socket.send(RawMessage.encode(message.request(), flags, payload), List.of(), Duration.ofSeconds(1));
    }

    private byte @Nullable [] answer(Request request, RawMessage message) {
        ByteBuffer payload = message.payload();
        switch (request) {
            case GET_FEATURES -> {
                return FrontEnd.u64(FEATURES);
            }
            case GET_PROTOCOL_FEATURES -> {
                return FrontEnd.u64(PROTOCOL);
            }
            case SET_PROTOCOL_FEATURES -> protocol = payload.getLong();
            case SET_FEATURES -> features(payload.getLong());
            case SET_MEM_TABLE -> memory.table(payload, message.descriptors());
            case SET_LOG_BASE -> {
                memory.log(payload, message.descriptors());
                return FrontEnd.u64(0);
            }
            case SET_VRING_NUM -> queue(payload.getInt()).size(payload.getInt());
            case SET_VRING_BASE -> queue(payload.getInt()).base(payload.getInt());
            case SET_VRING_ADDR -> queue(payload.getInt()).addresses(payload);
            case SET_VRING_ENABLE -> queue(payload.getInt()).enable(payload.getInt() != 0);
            case SET_VRING_KICK -> queue((int) payload.getLong()).kick(message.descriptors());
            case SET_VRING_CALL -> queue((int) payload.getLong()).call(message.descriptors());
            case GET_VRING_BASE -> {
                int index = payload.getInt();
                int base = queue(index).stop() + (fault == Fault.VRING_BASE ? 1 : 0);
                return FrontEnd.bytes(new VringState(index, base).toPayload());
            }
            case SET_OWNER, SET_VRING_ERR -> {
                // Nothing follows from them here.
            }
            default -> throw new Broken();
        }
        return null;
    }

    private void features(long word) {
        net.features(word);
        memory.logging(Feature.LOG_ALL.in(word));
        if (!Feature.PROTOCOL_FEATURES.in(word)) {
            receive.enable(true);
            transmit.enable(true);
        }
    }

    private SmallQueue queue(int index) {
        return switch (index & 0xff) {
            case 0 -> receive;
            case 1 -> transmit;
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
