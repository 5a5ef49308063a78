// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.vhost4j.conformance.Case;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.conformance.CaseGroup;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.FrontEndException;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.MessageHeader;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * Cases about messages that no front-end should send. A back-end may refuse them or end the connection; after every case the suite itself
 * checks that the back-end serves the next connection.
 */
public final class HostileMessageCases implements CaseGroup {
    private static final int NEED_REPLY = MessageHeader.VERSION | MessageHeader.NEED_REPLY;
    private static final byte[] NOTHING = new byte[0];
    private static final int UNKNOWN = 1000;

    @Override
    public String title() {
        return "Malformed messages that the back-end must survive";
    }

    @Override
    public List<Case> cases() {
        return List.of(
                survived("unknown-request", "a request that does not exist", f -> send(f, UNKNOWN, NOTHING)),
                Case.of(
                                "hostile-message.unknown-is-refused",
                                "vhost-user, VHOST_USER_PROTOCOL_F_REPLY_ACK",
                                "a request that does not exist is not answered with success",
                                HostileMessageCases::unknownIsRefused)
                        .needs(ProtocolFeature.REPLY_ACK),
                survived("request-0", "request 0", f -> send(f, 0, NOTHING)),
                survived(
                        "wrong-version",
                        "a message of version 2",
                        f -> f.sendRaw(RawMessage.encode(1, 2, NOTHING), List.of())),
                survived(
                        "reply-flag",
                        "a request with the reply flag",
                        f -> f.sendRaw(RawMessage.encode(1, 5, NOTHING), List.of())),
                survived("too-short", "SET_FEATURES with 4 bytes", f -> send(f, 2, new byte[4])),
                survived("too-long", "SET_VRING_NUM with 64 bytes", f -> send(f, 8, new byte[64])),
                survived("payload-unwanted", "GET_FEATURES with a payload", f -> send(f, 1, new byte[8])),
                survived(
                        "size-4-gib",
                        "a payload size of 4 GiB - 1",
                        f -> f.sendRaw(RawMessage.encode(2, MessageHeader.VERSION, -1, new byte[8]), List.of())),
                survived(
                        "size-1-mib",
                        "SET_MEM_TABLE with a payload of 1 MiB",
                        f -> f.sendRaw(RawMessage.encode(5, MessageHeader.VERSION, 1 << 20, new byte[64]), List.of())),
                survived("truncated", "half a message, then closing the connection", HostileMessageCases::truncated),
                survived(
                        "header-only",
                        "half a header, then closing the connection",
                        f -> f.sendRaw(new byte[5], List.of())),
                survived(
                        "descriptor-missing",
                        "SET_VRING_KICK that announces a descriptor and has none",
                        f -> send(f, Request.SET_VRING_KICK.code(), FrontEnd.u64(0))),
                survived(
                        "descriptor-unwanted",
                        "SET_OWNER with a descriptor",
                        f -> sendFds(f, Request.SET_OWNER, NOTHING, 1)),
                survived(
                        "descriptors-too-many",
                        "SET_VRING_CALL with 2 descriptors",
                        f -> sendFds(f, Request.SET_VRING_CALL, FrontEnd.u64(0), 2)),
                survived(
                        "descriptors-253",
                        "SET_VRING_CALL with 253 descriptors, as many as the kernel passes",
                        f -> sendFds(f, Request.SET_VRING_CALL, FrontEnd.u64(0), 253)),
                survived("queue-index", "SET_VRING_NUM for queue 4096", f -> send(f, 8, state(4096, 256))),
                survived("queue-index-base", "GET_VRING_BASE for queue 0xffffffff", f -> send(f, 11, state(-1, 0))),
                survived("queue-size-0", "SET_VRING_NUM of 0", f -> send(f, 8, state(0, 0))),
                survived("queue-size-odd", "SET_VRING_NUM of 255 for a split queue", f -> send(f, 8, state(0, 255))),
                survived("queue-size-huge", "SET_VRING_NUM of 0x80000000", f -> send(f, 8, state(0, 0x8000_0000))),
                survived("kick-not-an-eventfd", "SET_VRING_KICK with a memory file", HostileMessageCases::kickIsAFile),
                survived(
                        "ring-address-unmapped",
                        "SET_VRING_ADDR outside all regions, then SET_VRING_KICK",
                        HostileMessageCases::unmappedRing),
                survived(
                        "ring-address-unaligned",
                        "SET_VRING_ADDR with unaligned addresses",
                        HostileMessageCases::unalignedRing),
                survived(
                        "memory-regions-17",
                        "SET_MEM_TABLE with a region count of 17",
                        HostileMessageCases::tooManyRegions),
                survived("memory-file-short", "a region that is larger than its file", HostileMessageCases::shortFile),
                survived("memory-wraps", "a region whose end exceeds 64 bits", HostileMessageCases::wrappingRegion),
                survived(
                        "memory-gone",
                        "a memory table without the region of the rings",
                        HostileMessageCases::ringsGone));
    }

    private static Case survived(String name, String what, Consumer<FrontEnd> act) {
        return Case.of("hostile-message." + name, "robustness", "the back-end survives " + what, context -> {
            FrontEnd frontEnd = context.connect();
            context.note("%s", what);
            try {
                act.accept(frontEnd);
            } catch (FrontEndException e) {
                // The back-end may refuse it, end the connection or ignore it.
                context.note("then: %s", String.valueOf(e.getMessage()));
            }
            // Waits for the effect in either case, so that a crash is detected before the next connection.
            boolean closed = frontEnd.socket().awaitClosed(context.quiet());
            context.note("the connection is %s", closed ? "closed" : "open");
        });
    }

    private static void send(FrontEnd frontEnd, int request, byte[] payload, Fd... fds) {
        frontEnd.sendRaw(RawMessage.encode(request, MessageHeader.VERSION, payload), List.of(fds));
    }

    private static byte[] state(int index, int number) {
        return FrontEnd.bytes(new VringState(index, number).toPayload());
    }

    private static void sendFds(FrontEnd frontEnd, Request request, byte[] payload, int count) {
        List<EventFd> events = new ArrayList<>();
        try {
            Stream.generate(EventFd::create).limit(count).forEach(events::add);
            send(
                    frontEnd,
                    request.code(),
                    payload,
                    events.stream().map(EventFd::fd).toArray(Fd[]::new));
        } finally {
            events.forEach(EventFd::close);
        }
    }

    private static void unknownIsRefused(CaseContext context) {
        FrontEnd frontEnd = context.connect();
        frontEnd.getFeatures();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & ProtocolFeature.REPLY_ACK.mask());
        context.note("request %d with need_reply", UNKNOWN);
        frontEnd.sendRaw(RawMessage.encode(UNKNOWN, NEED_REPLY, NOTHING), List.of());
        // The back-end may refuse it by a nonzero answer, by closing the connection, or by not answering.
        try (RawMessage reply = frontEnd.socket().receive(context.quiet().multipliedBy(5))) {
            boolean success = reply.request() == UNKNOWN
                    && reply.payload().remaining() == Long.BYTES
                    && reply.payload().getLong() == 0;
            context.require(!success, "success");
        } catch (FrontEndException.Closed | FrontEndException.TimedOut e) {
            context.note("then: %s", String.valueOf(e.getMessage()));
        }
    }

    private static void truncated(FrontEnd frontEnd) {
        byte[] message = RawMessage.encode(Request.SET_VRING_CALL.code(), MessageHeader.VERSION, FrontEnd.u64(0));
        try (EventFd fd = EventFd.create()) {
            frontEnd.sendRaw(Arrays.copyOf(message, 15), List.of(fd.fd()));
        }
    }

    private static void kickIsAFile(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(0, 4096)) {
            send(frontEnd, Request.SET_VRING_KICK.code(), FrontEnd.u64(0), ram.file());
        }
    }

    private static void ring(FrontEnd frontEnd, Ram ram, long desc, long used, long avail) {
        // Without PROTOCOL_FEATURES the ring is enabled; some back-ends serve no driver without VERSION_1.
        send(frontEnd, 2, FrontEnd.u64(frontEnd.getFeatures() & Feature.VERSION_1.mask()));
        frontEnd.setMemTable(List.of(ram));
        send(frontEnd, 8, state(1, 256));
        send(frontEnd, 10, state(1, 0));
        send(
                frontEnd,
                Request.SET_VRING_ADDR.code(),
                FrontEnd.bytes(new VringAddress(1, 0, desc, used, avail, 0).toPayload()));
        try (EventFd kick = EventFd.create()) {
            send(frontEnd, Request.SET_VRING_KICK.code(), FrontEnd.u64(1), kick.fd());
            kick.signal();
        }
        frontEnd.barrier();
    }

    private static void unmappedRing(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 1 << 16)) {
            ring(frontEnd, ram, 0x1000, 0x2000, 0x3000);
        }
    }

    private static void unalignedRing(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 1 << 16)) {
            long at = ram.userAddress();
            ring(frontEnd, ram, at + 1, at + 0x4003, at + 0x8001);
        }
    }

    private static void tooManyRegions(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 4096)) {
            byte[] payload = Arrays.copyOf(
                    FrontEnd.bytes(new MemoryRegions(List.of(FrontEnd.region(ram))).toPayload()), 8 + 17 * 32);
            payload[0] = 17;
            send(frontEnd, Request.SET_MEM_TABLE.code(), payload, ram.file());
            frontEnd.barrier();
        }
    }

    private static void table(FrontEnd frontEnd, Ram ram, long guest, long bytes) {
        MemoryRegion region = new MemoryRegion(guest, bytes, ram.userAddress(), 0);
        send(
                frontEnd,
                Request.SET_MEM_TABLE.code(),
                FrontEnd.bytes(new MemoryRegions(List.of(region)).toPayload()),
                ram.file());
        frontEnd.barrier();
    }

    private static void shortFile(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 4096)) {
            table(frontEnd, ram, NetDriver.GUEST_BASE, 1 << 20);
        }
    }

    private static void wrappingRegion(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 1 << 16)) {
            table(frontEnd, ram, -4096, 1 << 16);
        }
    }

    private static void ringsGone(FrontEnd frontEnd) {
        try (Ram ram = Ram.create(NetDriver.GUEST_BASE, 1 << 16);
                Ram other = Ram.create(NetDriver.GUEST_BASE + (1L << 32), 1 << 16)) {
            long at = ram.userAddress();
            ring(frontEnd, ram, at, at + 0x4000, at + 0x8000);
            frontEnd.setMemTable(List.of(other));
            frontEnd.barrier();
        }
    }
}
