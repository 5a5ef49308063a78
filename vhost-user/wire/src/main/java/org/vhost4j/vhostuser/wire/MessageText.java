// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Optional;
import org.vhost4j.device.feature.FeatureSet;

/**
 * Formats messages as text for traces: the request's name, its fields with the names of the vhost-user protocol, and
 * its descriptors. It accepts any bytes; bytes that violate the protocol are shown unchanged.
 */
public final class MessageText {
    private static final int SHOWN_BYTES = 48;
    private static final int STATUS_BITS = 0xcf;
    private static final String[] STATUS = {"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK"};
    private static final int NEEDS_RESET = 0x40;
    private static final int FAILED = 0x80;

    private MessageText() {}

    /**
     * Describes a message on the connection between front-end and back-end: a request of the front-end, or its reply.
     *
     * @param code first field of the header
     * @param flags second field of the header, which has the reply flag
     * @param payload payload of the message
     * @param descriptors number of descriptors of the message
     * @return one line, such as {@code SET_VRING_NUM ring 1, 256 entries}
     */
    public static String ofFrontEnd(int code, int flags, MemorySegment payload, int descriptors) {
        boolean reply = (flags & MessageHeader.REPLY) != 0;
        Optional<Request> request = Request.ofCode(code);
        String fields = request.map(each -> fields(each, reply, payload)).orElseGet(() -> bytes(payload));
        return line(MessageHeader.nameOf(code), flags, fields, descriptors);
    }

    /**
     * Describes a message on the back-end's channel (SET_BACKEND_REQ_FD): a request of the back-end, or its reply.
     *
     * @param code first field of the header
     * @param flags second field of the header, which has the reply flag
     * @param payload payload of the message
     * @param descriptors number of descriptors of the message
     * @return one line, such as {@code CONFIG_CHANGE_MSG}
     */
    public static String ofBackEnd(int code, int flags, MemorySegment payload, int descriptors) {
        Optional<BackendRequest> request = BackendRequest.ofCode(code);
        String name = request.map(BackendRequest::name).orElse("request " + Integer.toUnsignedString(code));
        boolean reply = (flags & MessageHeader.REPLY) != 0;
        Payload kind = request.map(BackendRequest::payload).orElse(Payload.NONE);
        String fields = reply ? result(payload) : shown(kind, payload);
        return line(name, flags, fields, descriptors);
    }

    private static String line(String name, int flags, String fields, int descriptors) {
        StringBuilder text = new StringBuilder(name);
        boolean reply = (flags & MessageHeader.REPLY) != 0;
        int plain = MessageHeader.VERSION | (reply ? MessageHeader.REPLY : 0);
        if ((flags & ~MessageHeader.NEED_REPLY) != plain) {
            text.append(" flags 0x").append(Integer.toHexString(flags));
        } else if ((flags & MessageHeader.NEED_REPLY) != 0) {
            text.append(reply ? " (reply, need_reply)" : " (need_reply)");
        } else if (reply) {
            text.append(" (reply)");
        }
        if (!fields.isEmpty()) {
            text.append(' ').append(fields);
        }
        if (descriptors > 0) {
            text.append(", ").append(descriptors).append(descriptors == 1 ? " descriptor" : " descriptors");
        }
        return text.toString();
    }

    private static String fields(Request request, boolean reply, MemorySegment payload) {
        if (reply) {
            return request.reply()
                    .filter(kind -> kind.allows(payload.byteSize()))
                    .map(kind -> kind == Payload.U64 ? number(request, payload, true) : shown(kind, payload))
                    .orElseGet(() -> result(payload));
        }
        if (!request.payload().allows(payload.byteSize())) {
            return bytes(payload);
        }
        return switch (request) {
            case SET_VRING_NUM -> ring(payload) + ", " + second(payload) + " entries";
            case SET_VRING_BASE ->
                ring(payload) + ", base 0x" + Integer.toHexString(payload.get(JAVA_INT_UNALIGNED, 4));
            case SET_VRING_ENABLE ->
                ring(payload) + (payload.get(JAVA_INT_UNALIGNED, 4) == 0 ? ", disable" : ", enable");
            case GET_VRING_BASE, VRING_KICK -> ring(payload);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> file(payload);
            case SEND_RARP ->
                HexFormat.ofDelimiter(":").formatHex(payload.asSlice(0, 6).toArray(JAVA_BYTE));
            default ->
                request.payload() == Payload.U64 ? number(request, payload, false) : shown(request.payload(), payload);
        };
    }

    private static String number(Request request, MemorySegment payload, boolean reply) {
        long value = payload.get(JAVA_LONG_UNALIGNED, 0);
        return switch (request) {
            case GET_FEATURES, SET_FEATURES ->
                words(value, FeatureSet.ofWord(value).toString());
            case GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES ->
                words(value, String.join(" ", ProtocolFeature.names(value)));
            case GET_STATUS, SET_STATUS -> words(value, status(value));
            case GET_QUEUE_NUM, GET_MAX_MEM_SLOTS, NET_SET_MTU -> Long.toUnsignedString(value);
            default -> reply ? result(payload) : "0x" + Long.toHexString(value);
        };
    }

    private static String words(long value, String names) {
        return "0x" + Long.toHexString(value) + (names.isEmpty() ? "" : " " + names);
    }

    private static String status(long value) {
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < STATUS.length; bit++) {
            text.append((value >>> bit & 1) == 0 ? "" : STATUS[bit] + " ");
        }
        text.append((value & NEEDS_RESET) == 0 ? "" : "NEEDS_RESET ");
        text.append((value & FAILED) == 0 ? "" : "FAILED ");
        text.append((value & ~STATUS_BITS) == 0 ? "" : "and other bits");
        return text.toString().strip();
    }

    /** Formats an acknowledgement, or a reply that only reports success or failure. */
    private static String result(MemorySegment payload) {
        if (payload.byteSize() != Long.BYTES) {
            return bytes(payload);
        }
        long value = payload.get(JAVA_LONG_UNALIGNED, 0);
        return value == 0 ? "0" : "0x" + Long.toHexString(value);
    }

    private static String ring(MemorySegment payload) {
        return "ring " + Integer.toUnsignedString(payload.get(JAVA_INT_UNALIGNED, 0));
    }

    private static String second(MemorySegment payload) {
        return Integer.toUnsignedString(payload.get(JAVA_INT_UNALIGNED, 4));
    }

    private static String file(MemorySegment payload) {
        long value = payload.get(JAVA_LONG_UNALIGNED, 0);
        long other = value & ~(0xff | VringFile.NO_DESCRIPTOR);
        return "ring " + (value & 0xff)
                + ((value & VringFile.NO_DESCRIPTOR) == 0 ? "" : ", no descriptor")
                + (other == 0 ? "" : ", other bits 0x" + Long.toHexString(other));
    }

    private static String shown(Payload kind, MemorySegment payload) {
        if (!kind.allows(payload.byteSize())) {
            return bytes(payload);
        }
        return switch (kind) {
            case NONE -> "";
            case U64 -> "0x" + Long.toHexString(payload.get(JAVA_LONG_UNALIGNED, 0));
            case VRING_STATE -> ring(payload) + ", 0x" + Integer.toHexString(payload.get(JAVA_INT_UNALIGNED, 4));
            case VRING_ADDRESS -> address(VringAddress.read(payload));
            case MEMORY_REGIONS -> regions(payload);
            case SINGLE_MEMORY_REGION -> MemoryRegion.read(payload, 8).toString();
            case CONFIG_SPACE -> config(payload);
            case LOG -> log(payload);
            case IOTLB -> iotlb(IotlbMessage.read(payload));
            case INFLIGHT -> inflight(InflightDescription.read(payload));
            case DEVICE_STATE ->
                (payload.get(JAVA_INT_UNALIGNED, 0) == 0 ? "save" : "load") + ", phase " + second(payload);
            default -> bytes(payload);
        };
    }

    private static String address(VringAddress address) {
        return "ring %s, descriptors 0x%x, used 0x%x, avail 0x%x%s"
                .formatted(
                        Integer.toUnsignedString(address.index()),
                        address.descriptors(),
                        address.used(),
                        address.avail(),
                        address.flags() == 0 ? "" : ", flags 0x%x, log 0x%x".formatted(address.flags(), address.log()));
    }

    private static String regions(MemorySegment payload) {
        int count = payload.get(JAVA_INT_UNALIGNED, 0);
        StringBuilder text = new StringBuilder(Integer.toUnsignedString(count) + (count == 1 ? " region" : " regions"));
        long at = MemoryRegions.HEADER_BYTES;
        for (int i = 0; i < count && at + MemoryRegion.BYTES <= payload.byteSize(); i++, at += MemoryRegion.BYTES) {
            text.append("; ").append(MemoryRegion.read(payload, at));
        }
        return text.toString();
    }

    private static String config(MemorySegment payload) {
        String bytes = hex(payload.asSlice(ConfigSpace.HEADER_BYTES));
        return "offset %s, %s bytes%s%s"
                .formatted(
                        Integer.toUnsignedString(payload.get(JAVA_INT_UNALIGNED, 0)),
                        second(payload),
                        payload.get(JAVA_INT_UNALIGNED, 8) == ConfigSpace.MIGRATION ? " for migration" : "",
                        bytes.isEmpty() ? "" : ": " + bytes);
    }

    private static String log(MemorySegment payload) {
        return payload.byteSize() < 2 * Long.BYTES
                ? "0x" + Long.toHexString(payload.get(JAVA_LONG_UNALIGNED, 0))
                : "0x%x bytes at offset 0x%x of the file"
                        .formatted(payload.get(JAVA_LONG_UNALIGNED, 0), payload.get(JAVA_LONG_UNALIGNED, Long.BYTES));
    }

    private static String iotlb(IotlbMessage message) {
        String type = switch (message.type()) {
            case IotlbMessage.MISS -> "miss";
            case IotlbMessage.UPDATE -> "update";
            case IotlbMessage.INVALIDATE -> "invalidate";
            case IotlbMessage.ACCESS_FAIL -> "access fail";
            default -> "type " + message.type();
        };
        return "%s, iova 0x%x, 0x%x bytes, user address 0x%x, permission %d"
                .formatted(type, message.iova(), message.size(), message.userAddress(), message.permission());
    }

    private static String inflight(InflightDescription area) {
        return "%d queues of %d, 0x%x bytes at offset 0x%x of the file"
                .formatted(area.queues(), area.queueSize(), area.size(), area.offset());
    }

    private static String bytes(MemorySegment payload) {
        return payload.byteSize() == 0 ? "" : payload.byteSize() + " bytes: " + hex(payload);
    }

    private static String hex(MemorySegment bytes) {
        long shown = Math.min(SHOWN_BYTES, bytes.byteSize());
        return HexFormat.of().formatHex(bytes.asSlice(0, shown).toArray(JAVA_BYTE))
                + (shown < bytes.byteSize() ? "…" : "");
    }
}
