// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Fuzz target: a front-end's messages, whose payloads and descriptors the input determines, with a device that fails as
 * soon as the session violates its contract. After the end of the connection no resource may be left.
 */
public final class SessionTarget implements FuzzTarget {
    private static final int MOST_MESSAGES = 300;

    /** Creates the target. */
    public SessionTarget() {}

    @Override
    public String name() {
        return "session";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (int begin = 0; begin < 4; begin++) {
            ByteList to = new ByteList().u8(begin);
            for (Request request : Request.values()) {
                if (request != Request.RESET_DEVICE) {
                    message(to, request, 1, new byte[request.payload().minBytes()]);
                }
            }
            seeds.add(to.bytes());
        }
        ByteList life = new ByteList().u8(0);
        message(life, Request.SET_OWNER, 1, new byte[0]);
        message(life, Request.SET_PROTOCOL_FEATURES, 1, word(ProtocolFeature.word(SessionOptions.SERVED)));
        message(life, Request.SET_FEATURES, 1, word(FrontEnd.SPLIT));
        message(life, Request.SET_MEM_TABLE, 1, FrontEnd.regions(FrontEnd.RAM));
        for (int ring = 0; ring < 3; ring++) {
            message(life, Request.SET_VRING_NUM, 1, FrontEnd.state(ring, 256));
            message(life, Request.SET_VRING_BASE, 1, FrontEnd.state(ring, 0));
            message(life, Request.SET_VRING_ADDR, 1, FrontEnd.address(ring).toPayload());
            message(life, Request.SET_VRING_CALL, 1, FrontEnd.file(ring, true));
            message(life, Request.SET_VRING_KICK, 1, FrontEnd.file(ring, true));
            message(life, Request.SET_VRING_ENABLE, 1, FrontEnd.state(ring, 1));
        }
        message(life, Request.GET_VRING_BASE, 1, FrontEnd.state(1, 0));
        message(life, Request.SET_STATUS, 1, word(0));
        seeds.add(life.bytes());
        return seeds;
    }

    private static MemorySegment word(long value) {
        return Message.u64(value);
    }

    private static void message(ByteList to, Request request, int flags, MemorySegment payload) {
        message(to, request, flags, payload.toArray(ValueLayout.JAVA_BYTE));
    }

    private static void message(ByteList to, Request request, int flags, byte[] payload) {
        to.u8(request.code())
                .u8((flags << 4) | request.minDescriptors())
                .u16(payload.length)
                .all(payload);
    }

    @Override
    public void run(byte[] bytes) throws ProtocolException {
        FuzzInput input = new FuzzInput(bytes);
        try (FrontEnd frontEnd = new FrontEnd();
                MessageReader reader = MessageReader.ofRequests()) {
            frontEnd.session.onLateReply(Message::close);
            begin(frontEnd, input.u8());
            for (int i = 0; i < MOST_MESSAGES && input.left() > 0; i++) {
                send(frontEnd, reader, input);
            }
        } catch (ProtocolException e) {
            FuzzTarget.requireLine(e.getMessage());
        }
    }

    /** How far the front-end is when the input begins. */
    private static void begin(FrontEnd frontEnd, int how) throws ProtocolException {
        if ((how & 3) != 0) {
            frontEnd.negotiate((how & 4) == 0 ? FrontEnd.SPLIT : FrontEnd.SPLIT | Feature.RING_PACKED.mask());
        }
        if ((how & 2) != 0) {
            frontEnd.memory().prepare(0).prepare(1).prepare(4);
        }
        if ((how & 3) == 3) {
            frontEnd.kick(0);
            frontEnd.kick(1);
        }
        frontEnd.effects.refusal = (how & 8) != 0 ? "refused" : null;
        frontEnd.effects.answersLate = (how & 16) != 0;
        frontEnd.mapper.fileSize = (how & 32) != 0 ? 4096 : 1L << 40;
    }

    private static void send(FrontEnd frontEnd, MessageReader reader, FuzzInput input) throws ProtocolException {
        int code = input.u8();
        int how = input.u8();
        byte[] payload = input.take(input.u16() & 0xfff);
        int flags = (how & 0x80) != 0 ? how >>> 4 : MessageHeader.VERSION | ((how >>> 2) & MessageHeader.NEED_REPLY);
        MessageHeader header = new MessageHeader(code, flags, payload.length);
        byte[] head = new byte[MessageHeader.BYTES];
        header.write(MemorySegment.ofArray(head));
        List<Fd> descriptors = new ArrayList<>();
        for (int i = 0; i < (how & 15) % 10; i++) {
            descriptors.add(frontEnd.fd());
        }
        Optional<Message> message = reader.accept(MemorySegment.ofArray(head), descriptors);
        if (payload.length > 0) {
            message = reader.accept(MemorySegment.ofArray(payload), List.of());
        }
        Optional<Message> reply = frontEnd.session.receive(message.orElseThrow());
        if (reply.isPresent()) {
            try (Message answer = reply.get()) {
                if (answer.flags() != (MessageHeader.VERSION | MessageHeader.REPLY) || answer.code() != code) {
                    throw new AssertionError("the reply is " + answer);
                }
            }
        }
        if (frontEnd.effects.late != null) {
            var late = frontEnd.effects.late;
            frontEnd.effects.late = null;
            late.accept(Optional.empty());
        }
    }
}
