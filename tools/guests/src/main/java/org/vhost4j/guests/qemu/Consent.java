// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.Payload;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * Creates the answers of a back-end that offers any given feature words, and accepts every request without executing it. A front-end that
 * only starts the device cannot detect that. (The session of this project's back-end offers only the features that it supports.)
 */
final class Consent {
    private static final int MEMORY_SLOTS = 509;
    private static final int QUEUES = 64;

    private final long offered;
    private final long protocolOffered;
    private final List<String> requests = new ArrayList<>();
    private long features;
    private long protocol;
    private long status;

    /**
     * Creates a back-end that has received nothing yet.
     *
     * @param offered the answer to GET_FEATURES
     * @param protocolOffered the answer to GET_PROTOCOL_FEATURES
     */
    Consent(long offered, long protocolOffered) {
        this.offered = offered;
        this.protocolOffered = protocolOffered;
    }

    /**
     * Handles a request.
     *
     * @param message the request, which the caller still owns
     * @return header and payload of the reply, or nothing
     */
    Optional<byte[]> receive(RawMessage message) {
        requests.add(MessageHeader.nameOf(message.request()));
        Optional<Request> known = Request.ofCode(message.request());
        known.ifPresent(request -> remember(request, message.payload()));
        return known.flatMap(request -> reply(request, message.payload()))
                .or(() -> (message.flags() & MessageHeader.NEED_REPLY) != 0 ? Optional.of(u64(0)) : Optional.empty())
                .map(payload ->
                        RawMessage.encode(message.request(), MessageHeader.VERSION | MessageHeader.REPLY, payload));
    }

    private void remember(Request request, ByteBuffer payload) {
        switch (request) {
            case SET_FEATURES -> features = payload.getLong();
            case SET_PROTOCOL_FEATURES -> protocol = payload.getLong();
            case SET_STATUS -> status = payload.getLong();
            default -> {}
        }
    }

    private Optional<byte[]> reply(Request request, ByteBuffer payload) {
        return request.reply().map(kind -> switch (request) {
            case GET_FEATURES -> u64(offered);
            case GET_PROTOCOL_FEATURES -> u64(protocolOffered);
            case GET_QUEUE_NUM -> u64(QUEUES);
            case GET_MAX_MEM_SLOTS -> u64(MEMORY_SLOTS);
            case GET_STATUS -> u64(status);
            // The reply is the requested part of a config space of zeros.
            case GET_CONFIG -> echo(payload, payload.remaining());
            // The reply has the ring's index and base 0.
            case GET_VRING_BASE -> echo(payload.limit(Integer.BYTES), VringState.BYTES);
            default -> new byte[kind.minBytes()];
        });
    }

    private static byte[] echo(ByteBuffer from, int bytes) {
        byte[] payload = new byte[bytes];
        from.get(payload, 0, from.remaining());
        return payload;
    }

    private static byte[] u64(long value) {
        return ByteBuffer.allocate(Payload.U64.minBytes())
                .order(ByteOrder.nativeOrder())
                .putLong(value)
                .array();
    }

    /**
     * Returns the messages received so far.
     *
     * @return a copy
     */
    Recording recording() {
        return new Recording(requests, FeatureSet.ofWord(features), ProtocolFeature.of(protocol));
    }
}
