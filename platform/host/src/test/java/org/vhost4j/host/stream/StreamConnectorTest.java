// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.stream;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FramePort;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.host.lane.LaneListener;
import org.vhost4j.sys.SocketAddress;

/** Tests a port whose peer is a socket of the JDK, which listens, connects and disconnects. */
class StreamConnectorTest {
    private static final byte[] FRAME = "twelve bytes and a payload".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path directory;

    private final BlockingQueue<byte[]> came = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Lane lane = Lane.start("stream", IdlePolicy.EVENT_DRIVEN, new LaneListener() {
        @Override
        public void faulted(Pollable pollable, String reason, Throwable cause) {
            lines.add(pollable.name() + ": " + reason);
        }

        @Override
        public void failed(Throwable cause) {
            lines.add(cause.toString());
        }
    });
    private final StreamPort port = new StreamPort(
            "net",
            StreamPeer.PLAIN,
            new FrameSink() {
                @Override
                public int forward(FramePort from, Frame frame) {
                    came.add(RawFrames.bytes(frame));
                    return FramePort.DELIVERED;
                }

                @Override
                public void flush() {}
            },
            System::nanoTime,
            lines::add);

    private <T> T run(Callable<T> task) {
        try {
            return lane.submit(task).get(60, SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private StreamConnector start(SocketAddress address, boolean listens) {
        return run(() -> {
            port.attach(lane);
            StreamConnector connector = new StreamConnector(port, lane, address, listens, lines::add);
            connector.start();
            return connector;
        });
    }

    private void stop(StreamConnector connector) {
        run(() -> {
            connector.close();
            return true;
        });
    }

    @AfterEach
    void close() {
        run(() -> {
            port.close();
            return true;
        });
        lane.close();
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T element = queue.poll(60, SECONDS);
        if (element == null) {
            throw new AssertionError("nothing came");
        }
        return element;
    }

    /** A frame in each direction. */
    private void exchange(SocketChannel peer) throws Exception {
        peer.write(ByteBuffer.allocate(4 + FRAME.length)
                .putInt(FRAME.length)
                .put(FRAME)
                .flip());
        assertThat(next(came)).isEqualTo(FRAME);
        run(() -> {
            try (Arena arena = Arena.ofConfined()) {
                int result = port.deliver(RawFrames.frame(arena, FRAME, 2));
                port.flush();
                return result;
            }
        });
        ByteBuffer read = ByteBuffer.allocate(4 + FRAME.length);
        while (read.hasRemaining()) {
            assertThat(peer.read(read)).isPositive();
        }
        assertThat(read.getInt(0)).isEqualTo(FRAME.length);
        assertThat(read.slice(4, FRAME.length)).isEqualTo(ByteBuffer.wrap(FRAME));
    }

    @Test
    void aPeerThatListensIsConnectedToRepeatedly() throws Exception {
        Path path = directory.resolve("peer.sock");
        StreamConnector connector = start(SocketAddress.unix(path), false);
        assertThat(next(lines)).startsWith("cannot connect to unix:" + path).endsWith("; trying again");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            for (int i = 0; i < 3; i++) {
                try (SocketChannel peer = server.accept()) {
                    assertThat(next(lines)).isEqualTo("connected to unix:" + path);
                    exchange(peer);
                }
                assertThat(next(lines)).isEqualTo("the peer closed the connection; connecting again");
            }
        }
        stop(connector);
        assertThat(lines.stream().filter(line -> line.contains("Exception"))).isEmpty();
    }

    @Test
    void aPeerConnectsOverTcpAndAnotherOneAfterIt() throws Exception {
        int number;
        try (ServerSocketChannel free = ServerSocketChannel.open()) {
            free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            number = ((InetSocketAddress) free.getLocalAddress()).getPort();
        }
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), number);
        StreamConnector connector = start(SocketAddress.internet("127.0.0.1", number), true);
        for (int i = 0; i < 2; i++) {
            try (SocketChannel peer = SocketChannel.open(address)) {
                assertThat(next(lines)).isEqualTo("connected");
                exchange(peer);
                try (SocketChannel second = SocketChannel.open(address)) {
                    assertThat(second.read(ByteBuffer.allocate(1))).isEqualTo(-1);
                }
                assertThat(next(lines)).isEqualTo("a second peer connected and was rejected");
                exchange(peer);
            }
            assertThat(next(lines)).isEqualTo("the peer closed the connection; waiting for the next one");
        }
        stop(connector);
        assertThat(lines).isEmpty();
    }

    @Test
    void aSocketThatIsLeftOverIsReplacedAndRemovedInTheEnd() throws Exception {
        Path path = directory.resolve("own.sock");
        try (ServerSocketChannel before = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            before.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        StreamConnector connector = start(SocketAddress.unix(path), true);
        for (int i = 0; i < 2; i++) {
            try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
                assertThat(next(lines)).isEqualTo("connected");
                exchange(peer);
                // As when the back-end is halted, and continues.
                stop(connector);
                assertThat(peer.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
            assertThat(Files.exists(path)).isFalse();
            if (i == 0) {
                run(() -> {
                    connector.start();
                    return true;
                });
            }
        }
    }
}
