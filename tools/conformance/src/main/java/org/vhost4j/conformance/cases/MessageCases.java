// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringFile;
import org.vhost4j.vhostuser.wire.VringState;

/** Cases about the answers to requests. */
public final class MessageCases implements CaseGroup {
    private static final byte[] NOTHING = new byte[0];
    private static final int REPLY_FLAGS = MessageHeader.VERSION | MessageHeader.REPLY;
    private static final int PIPELINED = 64;
    /**
     * Size in bytes of the pieces in which messages are sent; neither the header nor the payload is a multiple of it.
     */
    private static final int PIECE = 5;

    private static final String MESSAGES = "vhost-user, Message specification: Header";
    private static final String COMMUNICATION = "vhost-user, Communication";
    private static final String REPLY_ACK = "vhost-user, VHOST_USER_PROTOCOL_F_REPLY_ACK";

    /** Features of the datapath, which a back-end implements itself, unlike those of the control queue. */
    private static final Set<Feature> OFFLOADS = Set.of(
            Feature.GUEST_TSO4,
            Feature.GUEST_TSO6,
            Feature.GUEST_ECN,
            Feature.GUEST_UFO,
            Feature.GUEST_USO4,
            Feature.GUEST_USO6,
            Feature.HOST_TSO4,
            Feature.HOST_TSO6,
            Feature.HOST_ECN,
            Feature.HOST_UFO,
            Feature.HOST_USO);

    @Override
    public String title() {
        return "Messages: how requests are answered";
    }

    @Override
    public List<Case> cases() {
        return List.of(
                Case.of(
                        "message.reply-header",
                        MESSAGES,
                        "a reply has the request's number, version 1, only the reply flag, and the size of its payload",
                        MessageCases::replyHeader),
                Case.of(
                        "message.features-stable",
                        "vhost-user, VHOST_USER_GET_FEATURES",
                        "the offered features do not change between requests or connections",
                        MessageCases::featuresStable),
                Case.of(
                        "message.feature-dependencies",
                        "virtio 1.4, 5.1.3.1",
                        "a segmentation feature is offered only together with the features that it requires",
                        MessageCases::featureDependencies),
                Case.of(
                                "message.protocol-dependencies",
                                "vhost-user, Protocol features",
                                "a protocol feature is offered only together with the features that it requires",
                                MessageCases::protocolDependencies)
                        .needs(Feature.PROTOCOL_FEATURES),
                Case.of(
                                "message.reply-ack",
                                REPLY_ACK,
                                "a request with need_reply that has no specific reply is answered with a u64, 0 for success",
                                MessageCases::replyAck)
                        .needs(ProtocolFeature.REPLY_ACK),
                Case.of(
                                "message.reply-ack-once",
                                REPLY_ACK,
                                "a request that has a specific reply gets only that reply, with or without need_reply",
                                MessageCases::replyAckOnce)
                        .needs(ProtocolFeature.REPLY_ACK),
                Case.of(
                        "message.no-reply-unasked",
                        COMMUNICATION,
                        "a request that has no specific reply is not answered unless need_reply is set",
                        MessageCases::noReplyUnasked),
                Case.of(
                        "message.in-order",
                        COMMUNICATION,
                        "requests that were sent with one call are all answered, in order",
                        MessageCases::inOrder),
                Case.of(
                        "message.in-pieces",
                        "robustness",
                        "a message is understood in pieces of any size, because a stream socket does not keep message boundaries",
                        MessageCases::inPieces));
    }

    private static void replyHeader(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        List<Request> asked = new ArrayList<>(List.of(Request.GET_FEATURES));
        if (context.offer().has(Feature.PROTOCOL_FEATURES)) {
            asked.add(Request.GET_PROTOCOL_FEATURES);
            frontEnd.setProtocolFeatures(context.offer().protocolWord()
                    & ProtocolFeature.word(
                            List.of(ProtocolFeature.MQ, ProtocolFeature.CONFIGURE_MEM_SLOTS, ProtocolFeature.STATUS)));
            Map.of(
                            ProtocolFeature.MQ, Request.GET_QUEUE_NUM,
                            ProtocolFeature.CONFIGURE_MEM_SLOTS, Request.GET_MAX_MEM_SLOTS,
                            ProtocolFeature.STATUS, Request.GET_STATUS)
                    .forEach((feature, request) -> {
                        if (context.offer().has(feature)) {
                            asked.add(request);
                        }
                    });
        }
        for (Request request : asked) {
            context.note("%s with flags 0x1", request);
            ask(frontEnd, request, MessageHeader.VERSION, NOTHING);
            checkReply(context, frontEnd, request);
        }
    }

    private static void ask(FrontEnd frontEnd, Request request, int flags, byte[] payload) {
        frontEnd.sendRaw(RawMessage.encode(request.code(), flags, payload), List.of());
    }

    /** Receives a message, checks that it is the reply to a request, with a u64, and returns the number. */
    private static long checkReply(CaseContext context, FrontEnd frontEnd, Request request) {
        try (RawMessage reply = frontEnd.socket().receive(context.patience())) {
            context.require(
                    reply.request() == request.code()
                            && reply.flags() == REPLY_FLAGS
                            && reply.payload().remaining() == Long.BYTES,
                    "request %d, flags 0x%x, a payload of %d bytes instead of request %d, flags 0x%x, 8 bytes",
                    reply.request(),
                    reply.flags(),
                    reply.payload().remaining(),
                    request.code(),
                    REPLY_FLAGS);
            return reply.payload().getLong();
        }
    }

    private static void featuresStable(CaseContext context) {
        long first = context.offer().features().low();
        for (int i = 0; i < 2; i++) {
            try (FrontEnd frontEnd = context.connect()) {
                context.note("GET_FEATURES twice on connection %d", i + 1);
                long one = frontEnd.getFeatures();
                long two = frontEnd.getFeatures();
                context.require(
                        one == first && two == first,
                        "0x%x and 0x%x instead of 0x%x as on the first connection",
                        one,
                        two,
                        first);
                if (context.offer().has(Feature.PROTOCOL_FEATURES)) {
                    long protocol = frontEnd.getProtocolFeatures();
                    context.require(
                            protocol == context.offer().protocolWord(),
                            "protocol features 0x%x instead of 0x%x as on the first connection",
                            protocol,
                            context.offer().protocolWord());
                }
            }
        }
    }

    private static void featureDependencies(CaseContext context) {
        context.note("GET_FEATURES");
        for (Feature feature : OFFLOADS) {
            if (context.offer().has(feature)) {
                for (Set<Feature> anyOf : feature.requires()) {
                    context.require(
                            anyOf.stream().anyMatch(context.offer()::has),
                            "%s is offered without %s: 0x%x",
                            feature,
                            anyOf,
                            context.offer().features().low());
                }
            }
        }
    }

    private static void protocolDependencies(CaseContext context) {
        context.note("GET_PROTOCOL_FEATURES");
        for (ProtocolFeature feature : ProtocolFeature.of(context.offer().protocolWord())) {
            for (ProtocolFeature required : feature.requires()) {
                context.require(
                        context.offer().has(required),
                        "%s is offered without %s: 0x%x",
                        feature,
                        required,
                        context.offer().protocolWord());
            }
        }
    }

    /**
     * Returns a connection with REPLY_ACK, after the requests that every front-end sends: rust-vmm's crate acknowledges nothing on a
     * connection without GET_FEATURES and GET_PROTOCOL_FEATURES.
     */
    private static FrontEnd withReplyAck(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.REPLY_ACK.mask());
        return frontEnd;
    }

    private static void replyAck(CaseContext context) {
        FrontEnd frontEnd = withReplyAck(context);
        long features = context.offer().features().low()
                & (Feature.PROTOCOL_FEATURES.mask() | Feature.VERSION_1.mask() | Feature.MRG_RXBUF.mask());
        acknowledged(context, frontEnd, Request.SET_OWNER, NOTHING);
        acknowledged(context, frontEnd, Request.SET_FEATURES, FrontEnd.u64(features));
        acknowledged(context, frontEnd, Request.SET_VRING_NUM, FrontEnd.bytes(new VringState(0, 256).toPayload()));
        acknowledged(context, frontEnd, Request.SET_VRING_BASE, FrontEnd.bytes(new VringState(0, 0).toPayload()));
        acknowledged(context, frontEnd, Request.SET_VRING_CALL, FrontEnd.u64(new VringFile(0, false).toU64()));
    }

    private static void acknowledged(CaseContext context, FrontEnd frontEnd, Request request, byte[] payload) {
        context.note("%s with need_reply", request);
        ask(frontEnd, request, MessageHeader.VERSION | MessageHeader.NEED_REPLY, payload);
        long result = checkReply(context, frontEnd, request);
        context.require(result == 0, "%d, which is not success", result);
    }

    private static void replyAckOnce(CaseContext context) {
        FrontEnd frontEnd = withReplyAck(context);
        context.note("GET_FEATURES with need_reply, then GET_PROTOCOL_FEATURES");
        ask(frontEnd, Request.GET_FEATURES, MessageHeader.VERSION | MessageHeader.NEED_REPLY, NOTHING);
        ask(frontEnd, Request.GET_PROTOCOL_FEATURES, MessageHeader.VERSION, NOTHING);
        checkReply(context, frontEnd, Request.GET_FEATURES);
        checkReply(context, frontEnd, Request.GET_PROTOCOL_FEATURES);
    }

    private static void noReplyUnasked(CaseContext context) {
        FrontEnd frontEnd = context.offer().has(ProtocolFeature.REPLY_ACK) ? withReplyAck(context) : context.connect();
        context.note("SET_OWNER and SET_VRING_NUM without need_reply, then GET_FEATURES");
        ask(frontEnd, Request.SET_OWNER, MessageHeader.VERSION, NOTHING);
        ask(frontEnd, Request.SET_VRING_NUM, MessageHeader.VERSION, FrontEnd.bytes(new VringState(0, 256).toPayload()));
        ask(frontEnd, Request.GET_FEATURES, MessageHeader.VERSION, NOTHING);
        checkReply(context, frontEnd, Request.GET_FEATURES);
    }

    private static void inOrder(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        boolean protocol = context.offer().has(Feature.PROTOCOL_FEATURES);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        List<Request> sent = new ArrayList<>();
        for (int i = 0; i < PIPELINED; i++) {
            Request request = protocol && i % 3 == 1 ? Request.GET_PROTOCOL_FEATURES : Request.GET_FEATURES;
            all.writeBytes(RawMessage.encode(request.code(), MessageHeader.VERSION, NOTHING));
            sent.add(request);
        }
        context.note("%d requests sent with one call", PIPELINED);
        frontEnd.sendRaw(all.toByteArray(), List.of());
        for (Request request : sent) {
            checkReply(context, frontEnd, request);
        }
    }

    private static void inPieces(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        context.note("SET_VRING_NUM in four pieces with pauses; then GET_FEATURES");
        byte[] message = RawMessage.encode(
                Request.SET_VRING_NUM.code(),
                MessageHeader.VERSION,
                FrontEnd.bytes(new VringState(0, 256).toPayload()));
        for (int at = 0; at < message.length; at += PIECE) {
            frontEnd.sendRaw(Arrays.copyOfRange(message, at, Math.min(message.length, at + PIECE)), List.of());
            // Long enough for the back-end to read everything.
            LockSupport.parkNanos(context.quiet().toNanos() / 4);
        }
        ask(frontEnd, Request.GET_FEATURES, MessageHeader.VERSION, NOTHING);
        checkReply(context, frontEnd, Request.GET_FEATURES);
    }
}
