// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.datagram;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.stats.PortDrop;
import org.vhost4j.sys.Await;
import org.vhost4j.sys.SocketAddress;

class DatagramPortTest {
    @TempDir
    Path directory;

    private final List<byte[]> came = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private int refusals;

    private final FrameSink sink = new FrameSink() {
        @Override
        public int forward(FramePort from, Frame frame) {
            if (refusals > 0) {
                refusals--;
                return FramePort.NO_ROOM;
            }
            came.add(MemorySegment.ofAddress(frame.address[0])
                    .reinterpret(frame.length[0])
                    .toArray(ValueLayout.JAVA_BYTE));
            return FramePort.DELIVERED;
        }

        @Override
        public void flush() {}
    };

    private DatagramPort port(SocketAddress local, SocketAddress remote) {
        return new DatagramPort("net", local, remote, sink, System::nanoTime, lines::add);
    }

    private static byte[] frame(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 5);
        }
        return bytes;
    }

    private static int deliver(FramePort port, byte[] bytes, int pieces) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            Frame frame = new Frame();
            int size = Math.ceilDiv(bytes.length, pieces);
            for (int at = 0; at < bytes.length; at += size) {
                assertThat(frame.add(memory.address() + at, Math.min(size, bytes.length - at)))
                        .isTrue();
            }
            frame.needs = 0;
            return port.deliver(frame);
        }
    }

    private void await(DatagramPort port, int frames) {
        Await.until(() -> came.size() + " of " + frames, Await.PATIENCE, () -> {
            port.poll();
            return came.size() >= frames;
        });
    }

    private static int port(DatagramChannel channel) throws IOException {
        return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    private static InetSocketAddress free(InetSocketAddress any) throws IOException {
        try (DatagramChannel channel = DatagramChannel.open()) {
            channel.bind(any);
            return (InetSocketAddress) channel.getLocalAddress();
        }
    }

    @Test
    void framesCrossOverUdpInBothDirections() throws IOException {
        try (DatagramChannel peer = DatagramChannel.open();
                DatagramChannel unknown = DatagramChannel.open()) {
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            peer.bind(any);
            unknown.bind(any);
            InetSocketAddress own = free(any);
            try (DatagramPort port = port(
                    SocketAddress.internet("127.0.0.1", own.getPort()),
                    SocketAddress.internet("localhost", port(peer)))) {
                for (int pieces : new int[] {1, 3, 1026}) {
                    byte[] bytes = frame(1026);
                    assertThat(deliver(port, bytes, pieces)).isEqualTo(FramePort.DELIVERED);
                    ByteBuffer read = ByteBuffer.allocate(2000);
                    peer.receive(read);
                    assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(bytes));
                }
                unknown.send(ByteBuffer.wrap(frame(99)), own);
                peer.send(ByteBuffer.wrap(frame(13)), own);
                peer.send(ByteBuffer.wrap(frame(60)), own);
                refusals = 2;
                await(port, 1);
                assertThat(came.getFirst())
                        .as("not the one of an unknown sender, and not the runt")
                        .isEqualTo(frame(60));
                assertThat(port.counters().framesIn()).isEqualTo(1);
                assertThat(port.counters().drops(PortDrop.RUNT)).isEqualTo(1);
                assertThat(deliver(port, frame(65_508), 1)).isEqualTo(FramePort.REFUSED);
                assertThat(deliver(port, frame(65_508), 1)).isEqualTo(FramePort.REFUSED);
                assertThat(port.counters().drops(PortDrop.TOO_LONG)).isEqualTo(2);
                assertThat(port.counters().framesOut()).isEqualTo(3);
                assertThat(lines).containsExactly("frames are dropped: a frame of 65508 bytes does not fit a datagram");
            }
        }
    }

    @Test
    void aUnixPeerMayComeAndGo() {
        SocketAddress a = SocketAddress.unix(directory.resolve("a"));
        SocketAddress b = SocketAddress.unix(directory.resolve("b"));
        try (DatagramPort port = port(a, b)) {
            assertThat(deliver(port, frame(60), 1)).isEqualTo(FramePort.REFUSED);
            assertThat(deliver(port, frame(60), 1)).isEqualTo(FramePort.REFUSED);
            assertThat(lines).containsExactly("frames are dropped: the peer is not there");
            assertThat(port.counters().drops(PortDrop.NO_PEER)).isEqualTo(2);
            for (int i = 1; i <= 2; i++) {
                try (DatagramPort peer = port(b, a)) {
                    assertThat(deliver(port, frame(70), 2)).isEqualTo(FramePort.DELIVERED);
                    await(peer, 1);
                    assertThat(deliver(peer, frame(80), 2)).isEqualTo(FramePort.DELIVERED);
                    await(port, 2);
                    assertThat(came).extracting(each -> each.length).containsExactly(70, 80);
                    came.clear();
                }
            }
            assertThat(directory.resolve("b")).doesNotExist();
        }
        assertThat(directory.resolve("a")).doesNotExist();
    }

    @Test
    void aPeerThatDoesNotReadDelaysSendersOnlyBriefly() {
        SocketAddress a = SocketAddress.unix(directory.resolve("a"));
        SocketAddress b = SocketAddress.unix(directory.resolve("b"));
        long[] now = {0};
        try (DatagramPort silent = port(b, a);
                DatagramPort port = new DatagramPort("net", a, b, sink, () -> now[0], lines::add)) {
            byte[] bytes = frame(1000);
            int result = FramePort.DELIVERED;
            for (int i = 0; i < 10_000 && result == FramePort.DELIVERED; i++) {
                result = deliver(port, bytes, 1);
            }
            assertThat(result).isEqualTo(FramePort.NO_ROOM);
            assertThat(port.arm()).isTrue();
            now[0] += 10_000_000_000L;
            assertThat(deliver(port, bytes, 1)).isEqualTo(FramePort.REFUSED);
            assertThat(deliver(port, bytes, 1)).isEqualTo(FramePort.REFUSED);
            assertThat(lines).containsExactly("frames are dropped: the peer does not read");
            assertThat(port.counters().drops(PortDrop.NO_ROOM)).isEqualTo(2);
            await(silent, 1);
            assertThat(Arrays.equals(came.getFirst(), bytes)).isTrue();
            assertThat(deliver(port, bytes, 1)).isEqualTo(FramePort.DELIVERED);
            assertThat(port.arm()).isFalse();
        }
    }
}
