// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.InflightDescription;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.LogArea;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Message;
import org.vhost4j.vhostuser.wire.MessageReader;
import org.vhost4j.vhostuser.wire.ProtocolException;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.SingleMemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringFile;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * Fuzz target: a stream of bytes and descriptors in pieces of any size, parsed as requests or replies with their
 * payloads.
 */
final class MessageTarget implements FuzzTarget {
    private static final int MOST_DESCRIPTORS = 10;

    @Override
    public String name() {
        return "message";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (Request request : Request.values()) {
            int size = Math.max(8, request.payload().minBytes());
            ByteList message = new ByteList()
                    .i32(request.code())
                    .i32(request.code() % 2 == 0 ? 1 : 9)
                    .i32(size)
                    .all(new byte[size]);
            ByteList to = new ByteList().u8(0);
            to.u8(12).u8(request.minDescriptors()).u8(size).u8(0);
            seeds.add(to.all(message.bytes()).bytes());
        }
        return seeds;
    }

    @Override
    public void run(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        boolean replies = (input.u8() & 1) != 0;
        List<Fd> sent = new ArrayList<>();
        // The sizes of the first pieces; the rest of the stream comes in whole pieces.
        int[] sizes = {input.u8(), input.u8(), input.u8(), input.u8()};
        int[] fds = {sizes[1] % (MOST_DESCRIPTORS + 1), 0, sizes[3] % (MOST_DESCRIPTORS + 1), 0};
        try (MessageReader reader = replies ? MessageReader.ofReplies() : MessageReader.ofRequests()) {
            for (int piece = 0; input.left() > 0; piece++) {
                int most = piece < 4 ? 1 + sizes[piece & 2] : Integer.MAX_VALUE;
                byte[] part = input.take(Math.min(reader.wanted(), most));
                List<Fd> with = new ArrayList<>();
                for (int i = 0; piece < 4 && i < fds[piece]; i++) {
                    with.add(EventFd.create().fd());
                }
                sent.addAll(with);
                Optional<Message> message = reader.accept(MemorySegment.ofArray(part), with);
                if (message.isPresent()) {
                    try (Message whole = message.get()) {
                        look(whole);
                    }
                }
                FuzzTarget.require(reader.wanted() > 0, "nothing more is wanted");
                FuzzTarget.require(reader.begun().length <= 12 + MessageReader.DEFAULT_MAX_PAYLOAD, "too long");
            }
            reader.endOfStream();
        } catch (ProtocolException e) {
            FuzzTarget.requireLine(e.getMessage());
        }
        FuzzTarget.require(sent.stream().noneMatch(Fd::isOpen), "a descriptor stays open");
    }

    private static void look(Message message) throws ProtocolException {
        MemorySegment payload = message.payload();
        Optional<Request> request = Request.ofCode(message.code());
        if (request.isEmpty() || payload.byteSize() < request.get().payload().minBytes()) {
            return;
        }
        switch (request.get()) {
            case SET_MEM_TABLE -> MemoryRegions.read(request.get(), message);
            case ADD_MEM_REG, REM_MEM_REG -> SingleMemoryRegion.read(request.get(), payload);
            case SET_VRING_ADDR -> VringAddress.read(payload);
            case SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_ENABLE -> VringState.read(payload);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> VringFile.read(request.get(), message, 5);
            case GET_CONFIG, SET_CONFIG -> ConfigSpace.read(request.get(), payload);
            case GET_INFLIGHT_FD, SET_INFLIGHT_FD -> InflightDescription.read(payload);
            case IOTLB_MSG -> IotlbMessage.read(payload);
            case SET_LOG_BASE -> LogArea.read(request.get(), payload);
            default -> {}
        }
    }
}
