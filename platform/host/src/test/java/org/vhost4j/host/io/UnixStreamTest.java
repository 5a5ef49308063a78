// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.PeerProcess;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.sys.SystemError;

class UnixStreamTest {
    private static final int LARGEST = 4096;

    private final OnLoop on = new OnLoop();
    private OpenDescriptors before;

    private record Piece(String text, int descriptors) {}

    /** Records the received bytes; closes received descriptors, since most of the tests only count them. */
    private static class Keeping implements StreamHandler {
        final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
        final BlockingQueue<StreamEnd> ends = new LinkedBlockingQueue<>();
        final ToIntFunction<ByteBuffer> next;

        Keeping(ToIntFunction<ByteBuffer> next) {
            this.next = next;
        }

        @Override
        public int received(ByteBuffer bytes, List<Fd> descriptors) {
            descriptors.forEach(Fd::close);
            String text = StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
            int wanted = next.applyAsInt(bytes);
            pieces.add(new Piece(text, descriptors.size()));
            return wanted;
        }

        @Override
        public void ended(StreamEnd end) {
            ends.add(end);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private UnixStream open(Fd socket, int first, StreamHandler handler) {
        return on.run(() -> UnixStream.open(on.loop, socket, first, LARGEST, handler));
    }

    private void close(UnixStream stream) {
        on.run(() -> {
            stream.close();
            return 0;
        });
    }

    @BeforeEach
    void count() {
        on.run(() -> 0);
        before = OpenDescriptors.now();
    }

    @AfterEach
    void nothingIsLeft() {
        before.awaitNoOthers();
        on.close();
        assertThat(on.failures).isEmpty();
    }

    @Test
    void theSenderOfTheFirstBytesIsKnownWhenItWasAskedForBefore() {
        SocketPair pair = SocketPair.create();
        PeerProcess.requestCredentials(pair.first());
        Keeping keeping = new Keeping(piece -> 3);
        UnixStream stream = open(pair.first(), 3, keeping);
        assertThat(on.run(stream::sender)).isZero();
        try (Peer peer = new Peer(pair.second());
                Fd passed = pair.second().duplicate()) {
            // As many descriptors as may come, beside the credentials.
            peer.send(bytes("abc"), passed, passed, passed, passed, passed, passed, passed, passed);
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("abc", 8));
            assertThat(on.run(stream::sender))
                    .isEqualTo((int) ProcessHandle.current().pid());
            peer.send(bytes("def"), passed);
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("def", 1));
        }
        assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.PEER_CLOSED);
    }

    @Test
    void theSenderOfWhatWasSentBeforeIsNotKnown() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 3);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(bytes("abc"));
            PeerProcess.requestCredentials(pair.first());
            UnixStream stream = open(pair.first(), 3, keeping);
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("abc", 0));
            assertThat(on.run(stream::sender)).isZero();
        }
        assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.PEER_CLOSED);
    }

    @Test
    void handsOverThePiecesThatWereAskedForWhateverTheCallsWere() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> piece.limit() == 3 ? 5 : 3);
        UnixStream stream = open(pair.first(), 3, keeping);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(bytes("abcdefghABCDEFGH12"));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("abc", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("defgh", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("ABC", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("DEFGH", 0));
            peer.send(bytes("3"));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("123", 0));
            for (byte each : bytes("45678")) {
                peer.send(new byte[] {each});
            }
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("45678", 0));
        }
        assertThat(OnLoop.next(keeping.ends))
                .isEqualTo(new StreamEnd(StreamEnd.Cause.PEER_CLOSED, "the peer closed the connection"));
        assertThat(stream.isOpen()).isFalse();
    }

    @Test
    void descriptorsStayWithTheMessageTheyCameWith() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> piece.limit() == 12 ? 8 : 12);
        open(pair.first(), 12, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            Fd fd = event.fd();
            // Three messages of 12 + 8 bytes at once: nothing of the second may be read before it is asked for.
            peer.send(bytes("header-one..payload1"), fd, fd, fd, fd, fd, fd, fd, fd);
            peer.send(bytes("header-two..payload2"));
            peer.send(bytes("header-three"), fd);
            peer.send(bytes("payload3"), fd, fd);
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("header-one..", 8));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("payload1", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("header-two..", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("payload2", 0));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("header-three", 1));
            assertThat(OnLoop.next(keeping.pieces)).isEqualTo(new Piece("payload3", 2));
        }
        OnLoop.next(keeping.ends);
    }

    @Test
    void receivedDescriptorsWorkAndAreClosedByExec() {
        SocketPair pair = SocketPair.create();
        BlockingQueue<Fd> received = new LinkedBlockingQueue<>();
        Keeping keeping = new Keeping(piece -> 1) {
            @Override
            public int received(ByteBuffer bytes, List<Fd> descriptors) {
                received.addAll(descriptors);
                return 1;
            }
        };
        UnixStream stream = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd sent = EventFd.create()) {
            peer.send(bytes("x"), sent.fd());
            try (EventFd same = EventFd.adopt(OnLoop.next(received), "the descriptor")) {
                assertThat(LibC.fcntl(same.fd().number(), LibC.F_GETFD, 0)).isEqualTo(LibC.FD_CLOEXEC);
                same.signal();
                assertThat(sent.drain()).isEqualTo(1);
            }
            close(stream);
        }
    }

    @Test
    void aNinthDescriptorEndsTheStreamAndAllAreClosed() throws Exception {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 12);
        open(pair.first(), 12, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            sendMany(peer.socket, event.fd(), 9);
            StreamEnd end = OnLoop.next(keeping.ends);
            assertThat(end)
                    .isEqualTo(new StreamEnd(
                            StreamEnd.Cause.FAILED, "the peer sent more than 8 descriptors with one message"));
        }
        assertThat(keeping.pieces).isEmpty();
    }

    /** A message with more descriptors than {@code SocketMessage} sends. */
    private static void sendMany(Fd socket, Fd fd, int count) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom("x");
            MemorySegment vector = arena.allocate(16, 8);
            vector.set(ValueLayout.JAVA_LONG, 0, text.address());
            vector.set(ValueLayout.JAVA_LONG, 8, 1);
            MemorySegment control = arena.allocate(16 + 4L * count + 8, 8);
            control.set(ValueLayout.JAVA_LONG, 0, 16 + 4L * count);
            control.set(ValueLayout.JAVA_INT, 8, LibC.SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, 12, LibC.SCM_RIGHTS);
            for (int i = 0; i < count; i++) {
                control.set(ValueLayout.JAVA_INT, 16 + 4L * i, fd.number());
            }
            MemorySegment header = arena.allocate(56, 8);
            header.set(ValueLayout.JAVA_LONG, 16, vector.address());
            header.set(ValueLayout.JAVA_LONG, 24, 1);
            header.set(ValueLayout.JAVA_LONG, 32, control.address());
            header.set(ValueLayout.JAVA_LONG, 40, (16 + 4L * count + 7) & -8);
            assertThat(LibC.sendmsg(socket.number(), header.address(), LibC.MSG_NOSIGNAL))
                    .isEqualTo(1);
        }
    }

    @Test
    void manyDescriptorsInDribletsEndTheStreamToo() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 12);
        open(pair.first(), 12, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            Fd fd = event.fd();
            peer.send(bytes("a"), fd, fd, fd, fd, fd);
            peer.send(bytes("b"), fd, fd, fd);
            peer.send(bytes("c"), fd);
            assertThat(OnLoop.next(keeping.ends).text()).contains("more than 8 descriptors");
        }
        assertThat(keeping.pieces).isEmpty();
    }

    @Test
    void aPieceThatIsCutShortIsReportedWithBothNumbers() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 12);
        open(pair.first(), 12, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            peer.send(bytes("abcde"), event.fd());
        }
        assertThat(OnLoop.next(keeping.ends))
                .isEqualTo(
                        new StreamEnd(StreamEnd.Cause.CUT_SHORT, "the peer closed the connection after 5 of 12 bytes"));
    }

    @Test
    void nothingIsReadWhileNothingIsWanted() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 0);
        UnixStream stream = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(bytes("abc"));
            assertThat(OnLoop.next(keeping.pieces).text()).isEqualTo("a");
            on.run(() -> 0);
            assertThat(keeping.pieces).isEmpty();
            on.run(() -> {
                stream.want(1);
                assertThatThrownBy(() -> stream.want(1)).isInstanceOf(IllegalStateException.class);
                return 0;
            });
            assertThat(OnLoop.next(keeping.pieces).text()).isEqualTo("b");
        }
        // The end is after a byte that has not been requested yet.
        on.run(() -> 0);
        assertThat(keeping.ends).isEmpty();
        on.run(() -> {
            stream.want(1);
            return 0;
        });
        assertThat(OnLoop.next(keeping.pieces).text()).isEqualTo("c");
        on.run(() -> {
            stream.want(1);
            return 0;
        });
        assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.PEER_CLOSED);
    }

    @Test
    void whatTheSocketDoesNotTakeIsSentLaterInOrderWithItsDescriptors() throws Exception {
        SocketPair pair = SocketPair.create();
        shrinkSendBuffer(pair.first());
        Keeping keeping = new Keeping(piece -> 1);
        UnixStream stream = open(pair.first(), 1, keeping);
        byte[] large = new byte[300_000];
        for (int i = 0; i < large.length; i++) {
            large[i] = (byte) ((i * 31) >>> 8);
        }
        try (Peer peer = new Peer(pair.second())) {
            EventFd event = EventFd.create();
            on.run(() -> {
                stream.send(ByteBuffer.wrap(large));
                stream.send(ByteBuffer.wrap(bytes("with")), List.of(event.fd(), event.fd()));
                stream.send(ByteBuffer.wrap(bytes("last")));
                return 0;
            });
            event.close();
            assertThat(peer.receiveAll(large.length)).isEqualTo(large);
            List<Fd> descriptors = new ArrayList<>();
            assertThat(peer.receive(4, descriptors)).isEqualTo(bytes("with"));
            assertThat(descriptors).hasSize(2);
            descriptors.forEach(Fd::close);
            assertThat(peer.receiveAll(4)).isEqualTo(bytes("last"));
        }
        OnLoop.next(keeping.ends);
    }

    private static void shrinkSendBuffer(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            long value = arena.allocateFrom(ValueLayout.JAVA_INT, 4608).address();
            SystemError.check(
                    LibC.setsockopt(socket.number(), LibC.SO_SNDBUF, value, Integer.BYTES), "cannot shrink the buffer");
        }
    }

    @Test
    void aPeerThatNeverReadsIsDroppedBeforeItCostsMemoryWithoutEnd() {
        SocketPair pair = SocketPair.create();
        shrinkSendBuffer(pair.first());
        Keeping keeping = new Keeping(piece -> 1);
        UnixStream stream = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            on.run(() -> {
                for (int i = 0; i < 2 * SendQueue.LIMIT / 4096; i++) {
                    stream.send(ByteBuffer.allocate(4096), i % 16 == 0 ? List.of(event.fd()) : List.of());
                }
                return 0;
            });
            assertThat(OnLoop.next(keeping.ends).text()).startsWith("the peer does not read: ");
            assertThat(peer.socket.isOpen()).isTrue();
        }
        assertThat(keeping.ends).isEmpty();
    }

    @Test
    void sendingToAPeerThatIsGoneEndsTheStreamAsItsClosingDoes() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 0);
        UnixStream stream = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(bytes("ab"));
            OnLoop.next(keeping.pieces);
        }
        on.run(() -> {
            stream.send(ByteBuffer.wrap(bytes("reply")));
            stream.send(ByteBuffer.wrap(bytes("reply")));
            stream.want(1);
            return 0;
        });
        assertThat(OnLoop.next(keeping.pieces).text()).as("said before it went").isEqualTo("b");
        on.run(() -> {
            stream.want(1);
            return 0;
        });
        assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.PEER_CLOSED);
        on.run(() -> {
            stream.send(ByteBuffer.wrap(bytes("too late")));
            return 0;
        });
    }

    @Test
    void aPeerThatGoesAndLeavesSomethingUnreadHasClosed() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 1);
        UnixStream stream = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second())) {
            on.run(() -> {
                stream.send(ByteBuffer.wrap(bytes("unread")));
                return 0;
            });
            assertThat(peer.socket.isOpen()).isTrue();
        }
        assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.PEER_CLOSED);
    }

    @Test
    void aHandlerThatThrowsEndsItsStreamAndKeepsNothing() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 1) {
            @Override
            public int received(ByteBuffer bytes, List<Fd> descriptors) {
                throw new IllegalStateException("broken handler");
            }
        };
        open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second());
                EventFd event = EventFd.create()) {
            peer.send(bytes("x"), event.fd(), event.fd());
            assertThat(OnLoop.next(keeping.ends).text()).contains("an internal error");
            assertThat(OnLoop.next(on.failures)).hasMessage("broken handler");
        }
    }

    @Test
    void closingFromInsideTheHandlerEndsReadingAtOnce() {
        SocketPair pair = SocketPair.create();
        UnixStream[] stream = new UnixStream[1];
        Keeping keeping = new Keeping(piece -> {
            stream[0].close();
            stream[0].close();
            return 1;
        });
        stream[0] = open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(bytes("abc"));
            assertThat(OnLoop.next(keeping.pieces).text()).isEqualTo("a");
            assertThat(peer.receive(1, new ArrayList<>())).as("end of stream").isEmpty();
        }
        on.run(() -> 0);
        assertThat(keeping.pieces).isEmpty();
        assertThat(keeping.ends).isEmpty();
    }

    @Test
    void aFloodOfSmallPiecesDoesNotStarveTheLoop() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 1);
        open(pair.first(), 1, keeping);
        try (Peer peer = new Peer(pair.second())) {
            peer.send(new byte[10_000]);
            on.run(() -> 0);
            for (int i = 0; i < 10_000; i++) {
                OnLoop.next(keeping.pieces);
            }
        }
        OnLoop.next(keeping.ends);
    }

    @Test
    void closingTheLoopEndsItsStreams() {
        SocketPair pair = SocketPair.create();
        Keeping keeping = new Keeping(piece -> 1);
        try (Peer peer = new Peer(pair.second())) {
            try (OnLoop other = new OnLoop()) {
                other.run(() -> UnixStream.open(other.loop, pair.first(), 1, LARGEST, keeping));
            }
            assertThat(OnLoop.next(keeping.ends).cause()).isEqualTo(StreamEnd.Cause.LOOP_CLOSED);
            assertThat(peer.receive(1, new ArrayList<>())).isEmpty();
        }
    }

    @Test
    void piecesBeyondTheLargestAreADefectOfTheCaller() {
        SocketPair pair = SocketPair.create();
        on.run(() -> {
            assertThatThrownBy(
                            () -> UnixStream.open(on.loop, pair.first(), LARGEST + 1, LARGEST, new Keeping(piece -> 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a piece of 4097 bytes: it can have 0 to 4096");
            return 0;
        });
        assertThat(pair.first().isOpen()).isFalse();
        pair.close();
    }
}
