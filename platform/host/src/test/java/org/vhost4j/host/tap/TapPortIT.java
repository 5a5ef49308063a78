// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.vhost4j.device.frame.Offloads.ALL;
import static org.vhost4j.device.frame.Offloads.CSUM;
import static org.vhost4j.device.frame.Offloads.ECN;
import static org.vhost4j.device.frame.Offloads.TSO4;
import static org.vhost4j.device.frame.Offloads.TSO6;
import static org.vhost4j.device.frame.Offloads.USO4;
import static org.vhost4j.device.frame.Offloads.USO6;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.sys.Allocations;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.SystemError;

/** Tests two TAPs on a kernel bridge in a network namespace: frames written to one arrive at the other. Needs root. */
class TapPortIT {
    private static final int TSO = CSUM | TSO4 | TSO6 | ECN;

    private final BlockingQueue<String> trouble = new LinkedBlockingQueue<>();
    private final Capture toA = new Capture();
    private final Capture toB = new Capture();
    private final OpenDescriptors before = OpenDescriptors.now();
    private final NetNamespace namespace = new NetNamespace();
    private final TapPort a;
    private final TapPort b;

    TapPortIT() throws Exception {
        namespace.run(() -> {
            // Spares us most of what the host's stack would say on its own.
            Files.writeString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"), "1");
            NetNamespace.command("ip link add br0 type bridge mcast_snooping 0");
            NetNamespace.command("ip link set br0 up");
            return 0;
        });
        a = onBridge("tapa", toA);
        b = onBridge("tapb", toB);
    }

    private TapPort onBridge(String name, FrameSink sink) throws Exception {
        return namespace.run(() -> {
            TapDevice device = TapDevice.open(name, false);
            if (name.equals("tapa")) {
                // The one side with headers of 24 bytes, the other with 12.
                device.tunnels();
            }
            TapPort port = new TapPort(name, device, ALL, sink, new OffloadEngine(), trouble::add);
            NetNamespace.command("ip link set " + name + " master br0 up");
            return port;
        });
    }

    @AfterEach
    void unwire() {
        a.close();
        b.close();
        a.close();
        namespace.close();
        before.awaitNoOthers();
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 1, 60, 4096})
    void aPlainFrameArrivesAsItWas(int pieceLength) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = Packet.of(Packet.UDP, 1000);
            Frame frame = Packet.frame(arena, bytes, Math.max(pieceLength, 2));
            assertThat(a.deliver(frame)).isEqualTo(FramePort.DELIVERED);
            List<Capture.Kept> came = toB.await(b, 1);
            assertThat(came.getFirst().bytes()).isEqualTo(bytes);
            assertThat(came.getFirst().gsoType()).isEqualTo(Frame.GSO_NONE);
        }
        assertThat(a.counters().framesOut()).isEqualTo(1);
        assertThat(a.counters().bytesOut()).isEqualTo(1042);
        assertThat(a.counters().drops(false)).isZero();
        assertThat(toB.flushes).isPositive();
    }

    @ParameterizedTest
    @ValueSource(ints = {1022, 1023, 1024, 1026})
    void morePiecesThanOneCallTakesAreWrittenAllTheSame(int pieces) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = Packet.of(Packet.TCP, 60_000);
            Frame whole = Packet.superFrame(arena, bytes, Packet.TCP, 1448);
            Frame frame = Packet.frame(arena, bytes, (bytes.length + pieces - 1) / pieces);
            while (frame.pieces < pieces) {
                split(frame);
            }
            frame.flags = whole.flags;
            frame.gsoType = whole.gsoType;
            frame.gsoSize = whole.gsoSize;
            frame.headerLength = 0xffff;
            frame.checksumStart = whole.checksumStart;
            frame.checksumOffset = whole.checksumOffset;
            b.receiveOffloads(TSO);
            assertThat(a.deliver(frame)).isEqualTo(FramePort.DELIVERED);
            assertThat(toB.await(b, 1).getFirst().bytes()).isEqualTo(bytes);
        }
    }

    /** Makes two pieces of the last one. */
    private static void split(Frame frame) {
        int last = frame.pieces - 1;
        int length = frame.length[last];
        frame.length[last] = length / 2;
        frame.bytes -= length - length / 2;
        assertThat(frame.add(frame.address[last] + length / 2, length - length / 2))
                .isTrue();
    }

    @Test
    void superFramesCrossWholeWhenTheOtherSideMayHaveThem() {
        try (Arena arena = Arena.ofConfined()) {
            b.receiveOffloads(TSO | USO4 | USO6);
            byte[] tcp = Packet.of(Packet.TCP, 40 * 1448);
            assertThat(a.deliver(Packet.superFrame(arena, tcp, Packet.TCP, 1448)))
                    .isEqualTo(FramePort.DELIVERED);
            byte[] udp = Packet.of(Packet.UDP, 40 * 1400);
            assertThat(a.deliver(Packet.superFrame(arena, udp, Packet.UDP, 1400)))
                    .isEqualTo(FramePort.DELIVERED);
            List<Capture.Kept> came = toB.await(b, 2);
            assertThat(came.get(0).gsoType()).isEqualTo(Frame.GSO_TCPV4);
            assertThat(came.get(0).gsoSize()).isEqualTo(1448);
            assertThat(came.get(1).gsoType()).isEqualTo(Frame.GSO_UDP_L4);
            assertThat(came.get(1).gsoSize()).isEqualTo(1400);
            for (Capture.Kept each : came) {
                assertThat(each.flags()).isEqualTo(Frame.NEEDS_CSUM);
                assertThat(each.checksumStart()).isEqualTo(34);
            }
            assertThat(came.get(0).bytes()).isEqualTo(tcp);
            assertThat(came.get(1).bytes()).isEqualTo(udp);
        }
        assertThat(a.counters().superFramesOut()).isEqualTo(2);
        assertThat(b.counters().superFramesIn()).isEqualTo(2);
        assertThat(b.framesCopied())
                .as("there is no sole receiver")
                .isEqualTo(b.counters().framesIn());
    }

    @ParameterizedTest
    @ValueSource(ints = {Packet.TCP, Packet.UDP})
    void theKernelCutsWhatTheOtherSideMayNotHave(int protocol) {
        int gsoSize = 1400;
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = Packet.of(protocol, 10 * gsoSize);
            assertThat(a.deliver(Packet.superFrame(arena, bytes, protocol, gsoSize)))
                    .isEqualTo(FramePort.DELIVERED);
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            for (Capture.Kept segment : toB.await(b, 10)) {
                assertThat(Packet.isSound(segment.bytes())).isTrue();
                assertThat(segment.gsoType()).isEqualTo(Frame.GSO_NONE);
                payload.write(segment.bytes(), Packet.headers(protocol), gsoSize);
            }
            assertThat(payload.toByteArray())
                    .isEqualTo(Arrays.copyOfRange(bytes, Packet.headers(protocol), bytes.length));
        }
    }

    @Test
    void framesTheKernelDoesNotLikeAreRefusedAndCountedByReason() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Frame bad = Packet.superFrame(arena, Packet.of(Packet.UDP, 2800), Packet.UDP, 0);
            assertThat(a.deliver(bad)).isEqualTo(FramePort.REFUSED);
            assertThat(a.deliver(bad)).isEqualTo(FramePort.REFUSED);
            assertThat(a.counters().drops(PortDrop.REFUSED)).isEqualTo(2);
            Frame huge = Packet.frame(arena, new byte[Frame.MAX_BYTES + 1], 1 << 16);
            assertThat(a.deliver(huge)).isEqualTo(FramePort.REFUSED);
            assertThat(a.counters().drops(PortDrop.TOO_LONG)).isEqualTo(1);
            Frame unmapped = new Frame();
            assertThat(unmapped.add(4096, 1000)).isTrue();
            assertThat(a.deliver(unmapped)).isEqualTo(FramePort.REFUSED);
            assertThat(a.counters().drops(PortDrop.MEMORY)).isEqualTo(1);
            namespace.run(() -> {
                NetNamespace.command("ip link set tapa down");
                return 0;
            });
            assertThat(a.deliver(Packet.frame(arena, Packet.of(Packet.UDP, 100), 4096)))
                    .isEqualTo(FramePort.REFUSED);
            assertThat(a.counters().drops(PortDrop.DOWN)).isEqualTo(1);
        }
        assertThat(a.counters().drops(false)).isEqualTo(5);
        assertThat(trouble)
                .as("one line for each reason")
                .containsExactly(
                        "the kernel refuses a frame: EINVAL (Invalid argument)",
                        "the kernel refuses a frame: EMSGSIZE (Message too long)",
                        "the kernel refuses a frame: EFAULT (Bad address)",
                        "the kernel refuses a frame: the interface is down");
        assertThat(a.counters().framesOut()).isZero();
    }

    @Test
    void framesThatAreNotOfferedAgainAreCounted() {
        a.dropped();
        a.lost(3);
        assertThat(a.counters().drops(PortDrop.NO_ROOM)).isEqualTo(4);
        a.fault("broken");
        try (Arena arena = Arena.ofConfined()) {
            assertThat(a.deliver(Packet.frame(arena, Packet.of(Packet.UDP, 100), 4096)))
                    .isEqualTo(FramePort.REFUSED);
        }
        assertThat(a.counters().drops(PortDrop.STOPPED)).isEqualTo(1);
        assertThat(a.counters().drops(true)).isZero();
    }

    @Test
    void framesLandInTheBuffersOfTheOnlyReceiver() {
        Guest guest = new Guest(TSO | USO4 | USO6);
        toB.receiver = guest;
        b.receiveOffloads(TSO | USO4 | USO6);
        try (Arena arena = Arena.ofConfined()) {
            byte[] small = Packet.of(Packet.UDP, 1000);
            byte[] large = Packet.of(Packet.TCP, 40 * 1448);
            // The first large frame is a surprise; the second is expected.
            for (int round = 0; round < 2; round++) {
                assertThat(a.deliver(Packet.frame(arena, small, 4096))).isEqualTo(FramePort.DELIVERED);
                assertThat(guest.landed.await(b, 1).getFirst().bytes()).isEqualTo(small);
                assertThat(a.deliver(Packet.superFrame(arena, large, Packet.TCP, 1448)))
                        .isEqualTo(FramePort.DELIVERED);
                List<Capture.Kept> came = round == 0 ? toB.await(b, 1) : guest.landed.await(b, 1);
                assertThat(came.getFirst().bytes()).isEqualTo(large);
                assertThat(came.getFirst().gsoType()).isEqualTo(Frame.GSO_TCPV4);
                assertThat(came.getFirst().gsoSize()).isEqualTo(1448);
            }
        }
        assertThat(guest.flushes).isPositive();
        assertThat(b.framesCopied()).isEqualTo(1);
        assertThat(guest.returned).as("room that nothing landed in").isPositive();
    }

    @Test
    void aReceiverThatMayNotHaveAllThatComesGetsItThroughTheSink() {
        Guest guest = new Guest(CSUM);
        toB.receiver = guest;
        b.receiveOffloads(TSO);
        try (Arena arena = Arena.ofConfined()) {
            byte[] large = Packet.of(Packet.TCP, 10 * 1448);
            assertThat(a.deliver(Packet.superFrame(arena, large, Packet.TCP, 1448)))
                    .isEqualTo(FramePort.DELIVERED);
            assertThat(toB.await(b, 1).getFirst().bytes()).isEqualTo(large);
            assertThat(guest.reserves).isZero();

            // A frame that waited in the kernel while the offloads were taken back is still a super-frame.
            guest.accepts = TSO;
            assertThat(a.deliver(Packet.superFrame(arena, large, Packet.TCP, 1448)))
                    .isEqualTo(FramePort.DELIVERED);
            b.receiveOffloads(0);
            guest.accepts = 0;
            assertThat(toB.await(b, 1).getFirst().gsoType()).isEqualTo(Frame.GSO_TCPV4);
            assertThat(guest.landed.kept).isEmpty();
        }
    }

    @Test
    void aGuestWithoutChecksumOffloadSeesNoFlags() {
        Guest guest = new Guest(0);
        toB.receiver = guest;
        try (Arena arena = Arena.ofConfined()) {
            byte[] unfinished = Packet.of(Packet.UDP, 1000);
            Frame frame = Packet.superFrame(arena, unfinished, Packet.UDP, 0);
            frame.gsoType = Frame.GSO_NONE;
            assertThat(a.deliver(frame)).isEqualTo(FramePort.DELIVERED);
            Capture.Kept came = guest.landed.await(b, 1).getFirst();
            assertThat(came.flags()).isZero();
            assertThat(Packet.isSound(came.bytes())).isTrue();
        }
    }

    @Test
    void whatFindsNoRoomIsOfferedAgainAndOrderIsKept() {
        Guest guest = new Guest(0);
        guest.full = true;
        toB.receiver = guest;
        toB.refusals = 3;
        try (Arena arena = Arena.ofConfined()) {
            byte[] first = Packet.of(Packet.UDP, 100);
            byte[] second = Packet.of(Packet.UDP, 200);
            assertThat(a.deliver(Packet.frame(arena, first, 4096))).isEqualTo(FramePort.DELIVERED);
            assertThat(a.deliver(Packet.frame(arena, second, 4096))).isEqualTo(FramePort.DELIVERED);
            while (toB.refusals > 0) {
                b.poll();
                assertThat(toB.kept).isEmpty();
            }
            guest.full = false;
            assertThat(toB.await(b, 1).getFirst().bytes()).isEqualTo(first);
            assertThat(guest.landed.await(b, 1).getFirst().bytes()).isEqualTo(second);
        }
    }

    @Test
    void theRulesForOffloadsAreToldAndNothingIsReduced() {
        b.receiveOffloads(CSUM | TSO4);
        assertThatThrownBy(() -> b.receiveOffloads(TSO4))
                .isInstanceOf(SystemError.class)
                .hasMessage("cannot set the offloads of TAP tapb to TSO4: everything needs CSUM");
        assertThatThrownBy(() -> b.receiveOffloads(CSUM | USO4))
                .hasMessage("cannot set the offloads of TAP tapb to CSUM|USO4: USO4 and USO6 go together");
        assertThatThrownBy(() -> b.receiveOffloads(CSUM | ECN))
                .hasMessage("cannot set the offloads of TAP tapb to CSUM|ECN: ECN needs TSO4 or TSO6");
        assertThatThrownBy(() -> b.receiveOffloads(0x201))
                .hasMessage("cannot set the offloads of TAP tapb to CSUM: 0x201 has unknown bits");
        try (Arena arena = Arena.ofConfined()) {
            byte[] large = Packet.of(Packet.TCP, 10 * 1448);
            assertThat(a.deliver(Packet.superFrame(arena, large, Packet.TCP, 1448)))
                    .isEqualTo(FramePort.DELIVERED);
            assertThat(toB.await(b, 1).getFirst().gsoType())
                    .as("unchanged by the refusals")
                    .isEqualTo(Frame.GSO_TCPV4);
        }
    }

    @Test
    void whatCannotBeOpenedIsExplainedAndKeepsNothing() throws Exception {
        OpenDescriptors open = OpenDescriptors.now();
        namespace.run(() -> {
            assertThatThrownBy(() -> TapDevice.open("tapa", false))
                    .hasMessage("cannot open TAP tapa: another process has it open");
            assertThatThrownBy(() -> TapDevice.open("tapa", true)).hasMessageContaining("made without multi_queue");
            assertThatThrownBy(() -> TapDevice.open("lo", false)).hasMessageContaining("it is no TAP");
            assertThatThrownBy(() -> TapDevice.open("a/b", false))
                    .hasMessageContaining("no interface can have this name");
            return 0;
        });
        open.awaitNoOthers();
    }

    @Test
    void aTapCanHaveSeveralQueues() throws Exception {
        namespace.run(() -> {
            try (TapDevice first = TapDevice.open("multi%d", true);
                    TapDevice second = TapDevice.open(first.name(), true)) {
                assertThat(first.name()).isEqualTo("multi0");
                assertThat(second.name()).isEqualTo("multi0");
                assertThatThrownBy(() -> TapDevice.open("multi0", false)).hasMessageContaining("made with multi_queue");
            }
            return 0;
        });
    }

    @Test
    void theQueueOfATapIsHadAsItWasMade() throws Exception {
        namespace.run(() -> {
            try (TapDevice first = TapDevice.open("made%d", true);
                    TapDevice second = TapDevice.openAsMade(first.name())) {
                assertThat(second.name()).isEqualTo("made0");
            }
            try (TapDevice created = TapDevice.openAsMade("plain")) {
                assertThat(created.name()).isEqualTo("plain");
                assertThatThrownBy(() -> TapDevice.open("plain", true)).hasMessageContaining("made without");
            }
            assertThatThrownBy(() -> TapDevice.openAsMade("lo")).hasMessageContaining("it is no TAP");
            return 0;
        });
    }

    private static final class Listener implements LaneListener {
        final BlockingQueue<Throwable> all = new LinkedBlockingQueue<>();

        @Override
        public void faulted(Pollable pollable, String reason, Throwable cause) {
            all.add(cause);
        }

        @Override
        public void failed(Throwable cause) {
            all.add(cause);
        }
    }

    @Test
    void aSleepingLaneIsWokenByAFrameAndToldWhenTheInterfaceGoes() throws Exception {
        BlockingQueue<byte[]> came = new LinkedBlockingQueue<>();
        FrameSink sink = new FrameSink() {
            @Override
            public int forward(FramePort from, Frame frame) {
                byte[] bytes = Capture.copy(frame);
                if (Packet.isOurs(bytes)) {
                    came.add(bytes);
                }
                return FramePort.DELIVERED;
            }

            @Override
            public void flush() {}
        };
        Listener heard = new Listener();
        TapPort c = onBridge("tapc", sink);
        try (Lane lane = Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard);
                Arena arena = Arena.ofShared()) {
            lane.submit(() -> {
                        c.attach(lane);
                        return 0;
                    })
                    .get(60, SECONDS);
            for (int i = 0; i < 200; i++) {
                byte[] bytes = Packet.of(Packet.UDP, 100 + i);
                assertThat(a.deliver(Packet.frame(arena, bytes, 4096))).isEqualTo(FramePort.DELIVERED);
                assertThat(came.poll(60, SECONDS)).isEqualTo(bytes);
            }
            Await.until("the lane sleeps", () -> lane.sleeps() > 0);
            namespace.run(() -> {
                NetNamespace.command("ip link del tapc");
                return 0;
            });
            assertThat(trouble.poll(60, SECONDS)).isEqualTo("stopped: interface tapc was removed");
            assertThat(c.stoppedReason()).isEqualTo("interface tapc was removed");
            CompletableFuture<Integer> after = lane.submit(() -> {
                int result = c.deliver(Packet.frame(arena, Packet.of(Packet.UDP, 100), 4096));
                c.close();
                return result;
            });
            assertThat(after.get(60, SECONDS)).isEqualTo(FramePort.REFUSED);
        }
        assertThat(heard.all).isEmpty();
        assertThat(trouble).isEmpty();
    }

    @Test
    void anInterfaceThatIsMadeAgainIsJoinedAgain() throws Exception {
        BlockingQueue<byte[]> came = new LinkedBlockingQueue<>();
        FrameSink sink = new FrameSink() {
            @Override
            public int forward(FramePort from, Frame frame) {
                byte[] bytes = Capture.copy(frame);
                if (Packet.isOurs(bytes)) {
                    came.add(bytes);
                }
                return FramePort.DELIVERED;
            }

            @Override
            public void flush() {}
        };
        Listener heard = new Listener();
        TapPort d = onBridge("tapd", sink);
        // The lane has the namespace of the thread that starts it.
        try (Lane lane = namespace.run(() -> Lane.start("test", IdlePolicy.EVENT_DRIVEN, heard));
                Arena arena = Arena.ofShared()) {
            TapRejoin rejoin = lane.submit(() -> {
                        d.attach(lane);
                        d.receiveOffloads(TSO);
                        return new TapRejoin(d, lane, "tapd", () -> TapDevice.open("tapd", false), trouble::add);
                    })
                    .get(60, SECONDS);
            for (int i = 0; i < 3; i++) {
                namespace.run(() -> {
                    NetNamespace.command("ip link del tapd");
                    return 0;
                });
                assertThat(trouble.poll(60, SECONDS))
                        .isEqualTo("interface tapd was removed; it is joined again when there is one of that name");
                CompletableFuture<Integer> gone =
                        lane.submit(() -> d.deliver(Packet.frame(arena, Packet.of(Packet.UDP, 100), 4096)));
                assertThat(gone.get(60, SECONDS)).isEqualTo(FramePort.REFUSED);
                namespace.run(() -> {
                    NetNamespace.command("ip tuntap add tapd mode tap");
                    NetNamespace.command("ip link set tapd master br0 up");
                    return 0;
                });
                assertThat(trouble.poll(60, SECONDS)).isEqualTo("interface tapd exists again and was joined");
                assertThat(d.stoppedReason()).isNull();
                // The kernel's bridge lets frames through a little after its port has a carrier.
                byte[] toLane = Packet.of(Packet.UDP, 200 + i);
                Await.until("a frame comes by the new interface", () -> {
                    a.deliver(Packet.frame(arena, toLane, 4096));
                    byte[] received = came.poll(100, MILLISECONDS);
                    // What was sent twice by the interface before may come only now.
                    while (received != null && !Arrays.equals(received, toLane)) {
                        received = came.poll();
                    }
                    return received != null;
                });
                byte[] fromLane = Packet.of(Packet.UDP, 300 + i);
                CompletableFuture<Integer> sent = lane.submit(() -> d.deliver(Packet.frame(arena, fromLane, 4096)));
                assertThat(sent.get(60, SECONDS)).isEqualTo(FramePort.DELIVERED);
                assertThat(toA.await(a, 1).getLast().bytes()).isEqualTo(fromLane);
            }
            rejoin.close();
            lane.submit(() -> {
                        d.close();
                        return 0;
                    })
                    .get(60, SECONDS);
        }
        assertThat(heard.all).isEmpty();
        assertThat(trouble).isEmpty();
    }

    @Test
    void neitherDirectionAllocates() throws Exception {
        long[] count = new long[1];
        FrameSink counting = new FrameSink() {
            @Override
            public int forward(FramePort from, Frame frame) {
                count[0]++;
                return FramePort.DELIVERED;
            }

            @Override
            public void flush() {}
        };
        try (Arena arena = Arena.ofConfined();
                TapPort c = onBridge("tapc", counting)) {
            Frame frame = Packet.frame(arena, Packet.of(Packet.UDP, 1000), 4096);
            Allocations.assertNoneWhenWarm(Thread.currentThread().threadId(), () -> {
                for (int i = 0; i < 10_000; i++) {
                    a.deliver(frame);
                    c.poll();
                }
            });
            assertThat(count[0]).as("frames that came").isGreaterThan(5_000);
        }
    }
}
