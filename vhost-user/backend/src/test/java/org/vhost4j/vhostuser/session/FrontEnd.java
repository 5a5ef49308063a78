// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.MessageWriter;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.SingleMemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringFile;
import org.vhost4j.vhostuser.wire.VringState;

/** A front-end for a session with a fake device; every message is encoded and decoded, as on a socket. */
final class FrontEnd implements AutoCloseable {
    static final FeatureSet FEATURES = FeatureSet.of(
            Feature.CSUM,
            Feature.GUEST_CSUM,
            Feature.HOST_TSO4,
            Feature.HOST_TSO6,
            Feature.HOST_USO,
            Feature.MRG_RXBUF,
            Feature.CTRL_VQ,
            Feature.MQ,
            Feature.MTU,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.VERSION_1,
            Feature.RING_PACKED);
    static final long PROTOCOL_FEATURES_BIT = Feature.PROTOCOL_FEATURES.mask();
    /** What most tests acknowledge: a split ring. */
    static final long SPLIT = FEATURES.minus(FeatureSet.of(Feature.RING_PACKED)).low() | PROTOCOL_FEATURES_BIT;

    static final SessionOptions OPTIONS = new SessionOptions(FEATURES, SessionOptions.SERVED, 5, 1024, 24, 509);
    /** A machine with 16 MiB: guest address 0, user address 0x7f0000000000. */
    static final long USER = 0x7f00_0000_0000L;

    static final long SIZE = 16 << 20;
    static final MemoryRegion RAM = new MemoryRegion(0, SIZE, USER, 0);

    final FakeMapper mapper = new FakeMapper();
    final FakeEffects effects = new FakeEffects(mapper);
    final List<Fd> sent = new ArrayList<>();
    final Session session;
    private final MessageReader requests = MessageReader.ofRequests();

    FrontEnd() {
        this(OPTIONS);
    }

    FrontEnd(SessionOptions options) {
        session = new Session(options, effects, mapper);
    }

    /** A descriptor that {@link #close} checks. */
    Fd fd() {
        Fd fd = EventFd.create().fd();
        sent.add(fd);
        return fd;
    }

    Optional<Message> send(Message message) throws ProtocolException {
        List<Fd> descriptors = message.takeDescriptors();
        MemorySegment bytes = MemorySegment.ofArray(MessageWriter.bytes(message));
        long at = 0;
        Optional<Message> received = Optional.empty();
        while (received.isEmpty()) {
            int length = (int) Math.min(requests.wanted(), bytes.byteSize() - at);
            received = requests.accept(bytes.asSlice(at, length), at == 0 ? descriptors : List.of());
            at += length;
        }
        assertThat(at).isEqualTo(bytes.byteSize());
        Optional<Message> reply = session.receive(received.orElseThrow());
        if (reply.isPresent()) {
            assertThat(reply.get().flags()).isEqualTo(5);
            assertThat(reply.get().code()).isEqualTo(message.code());
            boolean area = reply.get().code() == Request.GET_INFLIGHT_FD.code();
            assertThat(reply.get().descriptorCount()).isLessThanOrEqualTo(area ? 1 : 0);
        }
        return reply;
    }

    /** Sends without need_reply: nothing comes back. */
    void tell(Request request, MemorySegment payload, Fd... descriptors) throws ProtocolException {
        assertThat(send(Message.request(request, payload, false, List.of(descriptors))))
                .as("reply to " + request)
                .isEmpty();
    }

    /** Sends with need_reply: the acknowledgement. */
    long acked(Request request, MemorySegment payload, Fd... descriptors) throws ProtocolException {
        return send(Message.request(request, payload, true, List.of(descriptors)))
                .orElseThrow()
                .u64();
    }

    /** Sends a request without payload that is answered by a number. */
    long ask(Request request) throws ProtocolException {
        return send(Message.request(request, Message.noPayload(), false, List.of()))
                .orElseThrow()
                .u64();
    }

    /** Sends what breaks a rule, with need_reply. */
    ProtocolException refused(Request request, MemorySegment payload, Fd... descriptors) {
        Message message = Message.request(request, payload, true, List.of(descriptors));
        ProtocolException e = catchThrowableOfType(ProtocolException.class, () -> send(message));
        assertThat(e).as(request + " is refused").isNotNull();
        assertThat(e).hasMessageStartingWith(request + ": ");
        assertThat(e.getMessage()).doesNotContain("\n").doesNotContain("null");
        for (Fd descriptor : descriptors) {
            assertThat(descriptor.isOpen())
                    .as("a descriptor of a refused message is open")
                    .isFalse();
        }
        return e;
    }

    static MemorySegment state(int index, int num) {
        return new VringState(index, num).toPayload();
    }

    static MemorySegment file(int index, boolean present) {
        return Message.u64(new VringFile(index, present).toU64());
    }

    static MemorySegment regions(MemoryRegion... regions) {
        return new MemoryRegions(List.of(regions)).toPayload();
    }

    static MemorySegment region(MemoryRegion region) {
        return new SingleMemoryRegion(region).toPayload();
    }

    /** Where the rings of a queue are: a page each, at 0x10000 * (index + 1). */
    static VringAddress address(int index) {
        return address(index, USER + 0x10000L * (index + 1));
    }

    static VringAddress address(int index, long user) {
        return new VringAddress(index, 0, user, user + 0x8000, user + 0x4000, 0);
    }

    /** Acknowledges everything in the protocol and the given virtio features. */
    FrontEnd negotiate(long features) throws ProtocolException {
        tell(Request.SET_PROTOCOL_FEATURES, Message.u64(ProtocolFeature.word(SessionOptions.SERVED)));
        tell(Request.SET_FEATURES, Message.u64(features));
        return this;
    }

    /** Acknowledges some of the protocol. */
    FrontEnd protocol(ProtocolFeature... features) throws ProtocolException {
        Set<ProtocolFeature> set = EnumSet.noneOf(ProtocolFeature.class);
        set.addAll(List.of(features));
        tell(Request.SET_PROTOCOL_FEATURES, Message.u64(ProtocolFeature.word(set)));
        return this;
    }

    FrontEnd memory() throws ProtocolException {
        tell(Request.SET_MEM_TABLE, regions(RAM), fd());
        return this;
    }

    /** Everything a ring needs before SET_VRING_KICK. */
    FrontEnd prepare(int index) throws ProtocolException {
        tell(Request.SET_VRING_NUM, state(index, 256));
        tell(Request.SET_VRING_BASE, state(index, 0));
        tell(Request.SET_VRING_ADDR, address(index).toPayload());
        return this;
    }

    FrontEnd start(int index) throws ProtocolException {
        prepare(index);
        kick(index);
        return this;
    }

    Fd kick(int index) throws ProtocolException {
        Fd kick = fd();
        tell(Request.SET_VRING_KICK, file(index, true), kick);
        return kick;
    }

    VringState stop(int index) throws ProtocolException {
        return VringState.read(send(Message.request(Request.GET_VRING_BASE, state(index, 0), false, List.of()))
                .orElseThrow()
                .payload());
    }

    /** Negotiated, with memory, queue 0 started and enabled; the log is empty. */
    FrontEnd started() throws ProtocolException {
        negotiate(SPLIT).memory().start(0).tell(Request.SET_VRING_ENABLE, state(0, 1));
        effects.log.clear();
        return this;
    }

    /** Ends the session and checks that it has released everything. */
    @Override
    public void close() {
        requests.close();
        session.close();
        session.close();
        assertThat(effects.running).as("queues that still run").isEmpty();
        assertThat(mapper.mapped).as("regions still mapped").isEmpty();
        assertThat(effects.channel).as("the back-end channel").isNull();
        assertThat(sent).as("descriptors").noneMatch(Fd::isOpen);
    }
}
