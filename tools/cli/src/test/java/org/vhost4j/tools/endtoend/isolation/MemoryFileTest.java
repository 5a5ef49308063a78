// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;
import org.vhost4j.sys.SocketPair;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Request;

/** Tests guest memory in a file that is served by a process. */
class MemoryFileTest {
    private static final Limit LIMIT = Limit.longerBy(Duration.ofMillis(20));
    private static final long BYTES = 1 << 20;

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(3);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    private final AtomicInteger refusals = new AtomicInteger();

    private static void send(FrontEnd frontEnd, Request request, byte[] payload, Fd file) {
        frontEnd.sendRaw(RawMessage.encode(request.code(), 1, payload), List.of(file));
    }

    private static byte[] table() {
        return FrontEnd.bytes(new MemoryRegions(List.of(new MemoryRegion(0, BYTES, 0x7000_0000_0000L, 0))).toPayload());
    }

    @Test
    void aFileOfAFuseDaemonThatDoesNotAnswerIsRefusedAlone() {
        Rounds.of("guest memory on a FUSE file whose daemon does not answer", LIMIT)
                .run(neighbours, () -> {
                    try (SilentFuse fuse = new SilentFuse(BYTES);
                            FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(2))) {
                        Fd file = fuse.openAndFallSilent();
                        send(frontEnd, Request.SET_MEM_TABLE, table(), file);
                        assertThat(frontEnd.awaitClosed()).isTrue();
                        backEnd.awaitLines(
                                refusals.incrementAndGet(), "guest2 detached", "SET_MEM_TABLE", "--memory=any");
                        closeWhenUnmounted(file);
                    }
                });
    }

    /** Every other descriptor that a front-end can pass. */
    @Test
    void aFuseFileWhereAnythingElseIsExpectedDelaysNoOther() {
        Rounds.of("a FUSE file whose daemon does not answer, as kick, call, err and channel", LIMIT)
                .run(neighbours, () -> {
                    for (Request request : List.of(
                            Request.SET_VRING_KICK,
                            Request.SET_VRING_CALL,
                            Request.SET_VRING_ERR,
                            Request.SET_BACKEND_REQ_FD,
                            Request.GET_FEATURES)) {
                        try (SilentFuse fuse = new SilentFuse(BYTES);
                                NetDriver driver = backEnd.attach(2, NetSetup.full())) {
                            Fd file = fuse.openAndFallSilent();
                            byte[] payload = request == Request.SET_BACKEND_REQ_FD || request == Request.GET_FEATURES
                                    ? new byte[0]
                                    : new byte[8];
                            send(driver.frontEnd(), request, payload, file);
                            assertThat(driver.frontEnd().awaitClosed())
                                    .as("%s is refused", request)
                                    .isTrue();
                            closeWhenUnmounted(file);
                        }
                    }
                });
    }

    /** Our own descriptor waits for the daemon, too. */
    private static void closeWhenUnmounted(Fd file) {
        Thread.ofPlatform().daemon().start(file::close);
    }

    @Test
    void aFileOnADiskIsRefusedInOneLineThatNamesTheOption(@TempDir Path directory) throws Exception {
        Path path = Files.write(directory.resolve("memory"), new byte[(int) BYTES]);
        try (Fd file = Fd.open(path.toString(), LibC.O_RDWR);
                FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(2))) {
            assertThat(MappedFile.isMemory(file)).as("%s is on tmpfs", path).isFalse();
            send(frontEnd, Request.SET_MEM_TABLE, table(), file);
            assertThat(frontEnd.awaitClosed()).isTrue();
        }
        backEnd.awaitLine("guest2 detached", "memfd", "tmpfs", "hugetlbfs", "--memory=any");
    }

    @Test
    void whatTheKernelServesAloneIsMemory() throws Exception {
        try (Fd memfd = MemFd.create("memory", BYTES);
                Mount tmpfs = Mount.of("tmpfs", "size=1m");
                Fd onTmpfs = Fd.open(Files.createFile(tmpfs.file("memory")).toString(), LibC.O_RDWR);
                Mount hugetlbfs = Mount.of("hugetlbfs", "pagesize=2M");
                Fd onHugetlbfs =
                        Fd.open(Files.createFile(hugetlbfs.file("memory")).toString(), LibC.O_RDWR);
                SocketPair sockets = SocketPair.create()) {
            assertThat(MappedFile.isMemory(memfd)).isTrue();
            assertThat(MappedFile.isMemory(onTmpfs)).isTrue();
            assertThat(MappedFile.isMemory(onHugetlbfs)).isTrue();
            assertThat(MappedFile.isMemory(sockets.first())).isFalse();
        }
    }
}
