// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.InheritedSocket;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.OpenDescriptors;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.sys.SystemError;
import org.vhost4j.sys.UnixAddress;

class UnixListenerTest {
    private final OnLoop on = new OnLoop();
    private final BlockingQueue<Fd> accepted = new LinkedBlockingQueue<>();
    private OpenDescriptors before;

    @TempDir
    private Path directory;

    @BeforeEach
    void count() {
        on.run(() -> 0);
        before = OpenDescriptors.now();
    }

    @AfterEach
    void nothingIsLeft() {
        on.run(() -> 0);
        before.awaitNoOthers();
        on.close();
    }

    private UnixListener bind(Path path) {
        return on.run(() -> UnixListener.bind(on.loop, path, accepted::add));
    }

    private void close(UnixListener listener) {
        on.run(() -> {
            listener.close();
            listener.close();
            return 0;
        });
    }

    private static Fd connect(Path path) {
        Fd socket = UnixAddress.socket();
        SystemError.check(UnixAddress.of(path).connect(socket), "cannot connect to " + path);
        return socket;
    }

    @Test
    void acceptsAndRemovesItsFileAtTheEnd() {
        Path path = directory.resolve("a.sock");
        UnixListener listener = bind(path);
        try (Fd client = connect(path);
                Fd server = OnLoop.next(accepted);
                Fd secondClient = connect(path);
                Fd secondServer = OnLoop.next(accepted)) {
            assertThat(server.number()).isNotEqualTo(secondServer.number());
            new Peer(client).send(new byte[] {1});
            assertThat(new Peer(server).receive(9, new ArrayList<>())).containsExactly(1);
            assertThat(secondClient.isOpen()).isTrue();
        }
        close(listener);
        assertThat(path).doesNotExist();
    }

    @Test
    void aStaleFileIsReplacedAndALivingListenerIsNot() {
        Path path = directory.resolve("a.sock");
        try (Fd dead = UnixAddress.socket()) {
            assertThat(UnixAddress.of(path).bind(dead)).isZero();
        }
        assertThat(path).exists();
        UnixListener listener = bind(path);
        on.run(() -> {
            assertThatThrownBy(() -> UnixListener.bind(on.loop, path, accepted::add))
                    .isInstanceOf(SystemError.class)
                    .hasMessage("cannot listen on " + path + ": another process listens there already");
            return 0;
        });
        OnLoop.next(accepted).close();
        try (Fd client = connect(path);
                Fd server = OnLoop.next(accepted)) {
            assertThat(client.number()).isNotEqualTo(server.number());
        }
        close(listener);
    }

    @Test
    void whatIsNotASocketIsLeftAlone() throws Exception {
        Path file = Files.writeString(directory.resolve("notes"), "dear diary");
        Path folder = Files.createDirectory(directory.resolve("folder"));
        on.run(() -> {
            for (Path path : List.of(file, folder)) {
                assertThatThrownBy(() -> UnixListener.bind(on.loop, path, accepted::add))
                        .isInstanceOf(SystemError.class)
                        .hasMessage("cannot listen on " + path + ": it exists and is not a socket");
            }
            return 0;
        });
        assertThat(file).hasContent("dear diary");
        assertThat(folder).isDirectory();
    }

    @Test
    void aPathThatCannotBeIsRefusedInOneSentence() {
        Path missing = directory.resolve("no/such/folder/a.sock");
        Path longest = directory.resolve("x".repeat(UnixAddress.MAX_PATH));
        on.run(() -> {
            assertThatThrownBy(() -> UnixListener.bind(on.loop, missing, accepted::add))
                    .hasMessage("cannot create socket " + missing + ": ENOENT (No such file or directory)");
            assertThatThrownBy(() -> UnixListener.bind(on.loop, longest, accepted::add))
                    .hasMessage("a socket's path must have 1 to 107 bytes, but " + longest + " has "
                            + longest.toString().length());
            return 0;
        });
    }

    @Test
    void aFileThatAnotherProcessHasMadeMeanwhileSurvives() throws Exception {
        Path path = directory.resolve("a.sock");
        UnixListener listener = bind(path);
        Files.delete(path);
        UnixListener other = bind(path);
        close(listener);
        assertThat(path).exists();
        close(other);
        assertThat(path).doesNotExist();
    }

    @Test
    void anOwnerThatThrowsCostsOneConnection() {
        Path path = directory.resolve("a.sock");
        BlockingQueue<Fd> second = new LinkedBlockingQueue<>();
        boolean[] failed = new boolean[1];
        UnixListener listener = on.run(() -> UnixListener.bind(on.loop, path, fd -> {
            if (!failed[0]) {
                failed[0] = true;
                throw new IllegalStateException("not this one");
            }
            second.add(fd);
        }));
        try (Fd first = connect(path)) {
            assertThat(OnLoop.next(on.failures)).hasMessage("not this one");
            assertThat(new Peer(first).receive(1, new ArrayList<>()))
                    .as("closed")
                    .isEmpty();
            try (Fd client = connect(path);
                    Fd server = OnLoop.next(second)) {
                assertThat(client.number()).isNotEqualTo(server.number());
            }
        }
        close(listener);
    }

    @Test
    void tenThousandConnectionsWithDescriptorsLeaveNone() {
        Path path = directory.resolve("a.sock");
        BlockingQueue<StreamEnd> ends = new LinkedBlockingQueue<>();
        UnixListener listener = on.run(() -> UnixListener.bind(
                on.loop,
                path,
                fd -> UnixStream.open(on.loop, fd, 4, 64, new StreamHandler() {
                    @Override
                    public int received(ByteBuffer bytes, List<Fd> descriptors) {
                        descriptors.forEach(Fd::close);
                        return 4;
                    }

                    @Override
                    public void ended(StreamEnd end) {
                        ends.add(end);
                    }
                })));
        try (EventFd event = EventFd.create()) {
            for (int i = 0; i < 10_000; i++) {
                try (Peer peer = new Peer(connect(path))) {
                    peer.send(new byte[1 + i % 5], event.fd(), event.fd());
                }
                StreamEnd end = OnLoop.next(ends);
                assertThat(end.cause()).isEqualTo(i % 5 == 3 ? StreamEnd.Cause.PEER_CLOSED : StreamEnd.Cause.CUT_SHORT);
            }
        }
        close(listener);
        assertThat(on.failures).isEmpty();
    }

    @Test
    void servesAnInheritedListener() {
        Path path = directory.resolve("a.sock");
        Fd parent = UnixAddress.socket();
        assertThat(UnixAddress.of(path).bind(parent)).isZero();
        assertThat(LibC.listen(parent.number(), 1)).isZero();
        Fd inherited = InheritedSocket.adopt(LibC.fcntl(parent.number(), LibC.F_DUPFD_CLOEXEC, 0));
        parent.close();
        assertThat(InheritedSocket.listens(inherited)).isTrue();
        UnixListener listener = on.run(() -> UnixListener.adopt(on.loop, inherited, accepted::add));
        try (Fd client = connect(path);
                Fd server = OnLoop.next(accepted)) {
            assertThat(InheritedSocket.listens(server)).isFalse();
            assertThat(client.isOpen()).isTrue();
        }
        close(listener);
    }

    @Test
    void onlyAUnixStreamCanBeInherited() {
        assertThatThrownBy(() -> InheritedSocket.adopt(-1)).hasMessageContaining("descriptor -1 is not open");
        assertThatThrownBy(() -> InheritedSocket.adopt(100_000))
                .hasMessage("descriptor 100000 is not open: nothing was inherited under this number");
        try (EventFd event = EventFd.create()) {
            int number = event.fd().number();
            assertThatThrownBy(() -> InheritedSocket.adopt(number))
                    .hasMessage("descriptor " + number + " is not a Unix stream socket");
        }
        try (SocketPair pair = SocketPair.create()) {
            int blocking = LibC.fcntl(pair.first().number(), LibC.F_DUPFD_CLOEXEC, 0);
            assertThat(LibC.fcntl(blocking, LibC.F_SETFL, 0)).isZero();
            assertThat(LibC.fcntl(blocking, LibC.F_SETFD, 0)).isZero();
            try (Fd adopted = InheritedSocket.adopt(blocking)) {
                assertThat(LibC.fcntl(adopted.number(), LibC.F_GETFD, 0)).isEqualTo(LibC.FD_CLOEXEC);
                assertThat(LibC.fcntl(adopted.number(), LibC.F_GETFL, 0) & LibC.O_NONBLOCK)
                        .isEqualTo(LibC.O_NONBLOCK);
            }
        }
    }

    /** What a tenant can put where the socket is to be: a link to a socket of others, which must not even see a connection. */
    @Test
    void aLinkIsNotFollowed() throws IOException {
        Path theirs = directory.resolve("theirs.sock");
        UnixListener listener = bind(theirs);
        Path path = directory.resolve("b.sock");
        Files.createSymbolicLink(path, theirs);
        assertThatThrownBy(() -> bind(path))
                .hasMessageContaining("cannot listen on " + path + ": it exists and is not a socket");
        UnixListener.requireUnused(path);
        assertThat(path).isSymbolicLink();
        close(listener);
        assertThat(accepted).isEmpty();
    }

    /** The file that lies there at the end is another one: it stays. */
    @Test
    void aFileThatTookItsPlaceIsNotRemoved() throws IOException {
        Path path = directory.resolve("c.sock");
        SocketFile made;
        try (Fd socket = UnixAddress.socket()) {
            SystemError.check(UnixAddress.of(path).bind(socket), "cannot bind");
            made = SocketFile.of(path);
        }
        Files.move(path, directory.resolve("moved.sock"));
        Files.writeString(path, "theirs");
        made.remove();
        assertThat(path).hasContent("theirs");
        made.movedTo(directory.resolve("moved.sock")).remove();
        assertThat(directory.resolve("moved.sock")).doesNotExist();
    }

    /** Permissions go to the socket and never through a link that took its place. */
    @Test
    void permissionsDoNotFollowALink() throws IOException {
        Path victim = directory.resolve("victim");
        Files.writeString(victim, "theirs");
        var permissions = Files.getPosixFilePermissions(victim);
        Path path = directory.resolve("d.sock");
        Files.createSymbolicLink(path, victim);
        assertThatThrownBy(() -> new SocketAccess(0600, null).apply(path)).isInstanceOf(SystemError.class);
        assertThat(Files.getPosixFilePermissions(victim)).isEqualTo(permissions);
    }
}
