// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.MemFd;
import org.vhost4j.tools.endtoend.TestBackEnd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Request;

/** Tests guest memory for which the kernel has no page when another guest's frame is written there. */
class PageShortageTest {
    private static final Limit LIMIT = Limit.longerBy(Duration.ofMillis(20));
    private static final long BYTES = 2 << 20;
    private static final long ADDRESS = 1L << 40;
    private static final int VICTIM = 3;
    private static final int SENDER = 4;

    @AutoClose
    private final TestBackEnd backEnd = TestBackEnd.bridge(4);

    @AutoClose
    private final Neighbours neighbours = Neighbours.attach(backEnd.socket(0), backEnd.socket(1));

    private int stops;

    private static Fd sparse(Path path) throws IOException {
        Fd file = Fd.open(Files.createFile(path).toString(), LibC.O_RDWR);
        MemFd.resize(file, BYTES);
        return file;
    }

    private static byte[] frame(int source, int target) {
        return PacketBuilder.udp4().macs(source, target).payload(900, 1).complete();
    }

    @Test
    void theOwnerOfMemoryOnAFullTmpfsIsStoppedAndNotItsSender() {
        Rounds.of("guest memory on a tmpfs that is full, and a frame to that guest", LIMIT)
                .run(neighbours, () -> {
                    NetSetup oneBuffer = NetSetup.full().receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, 1);
                    try (Mount tmpfs = Mount.of("tmpfs", "size=64k");
                            Ram onTmpfs = Ram.over(sparse(tmpfs.file("memory")), ADDRESS, BYTES);
                            NetDriver owner = backEnd.attach(2, oneBuffer);
                            NetDriver sender = backEnd.attach(3, NetSetup.full())) {
                        Files.write(tmpfs.file("everything-else"), new byte[1 << 16]);
                        owner.frontEnd().setMemTable(List.of(owner.ram(), onTmpfs));
                        owner.frontEnd().barrier();
                        owner.receiveInto(0, onTmpfs);
                        owner.send(frame(VICTIM, SENDER));
                        assertThat(sender.receive().bytes()).isEqualTo(frame(VICTIM, SENDER));
                        sender.send(frame(SENDER, VICTIM));
                        assertThat(owner.receive().bytes()).isEqualTo(frame(SENDER, VICTIM));
                        // The next buffer is where there is no page.
                        sender.send(frame(SENDER, VICTIM));
                        backEnd.awaitLines(++stops, "guest2 stopped", "its memory is gone", "a full tmpfs");
                        assertThat(backEnd.hasSaid("guest3 stopped")).isFalse();
                        sender.send(frame(SENDER, VICTIM));
                        sender.awaitSent();
                    }
                });
    }

    /** The kernel reserves huge pages when they are mapped, and says so. */
    @Test
    void memoryOnHugetlbfsWithoutAFreePageIsRefusedAlone() {
        Rounds.of("guest memory on hugetlbfs without a free page", LIMIT).run(neighbours, () -> {
            try (Mount hugetlbfs = Mount.of("hugetlbfs", "pagesize=2M");
                    Fd file = sparse(hugetlbfs.file("memory"));
                    FrontEnd frontEnd = FrontEnd.connect(backEnd.socket(2))) {
                byte[] table = FrontEnd.bytes(
                        new MemoryRegions(List.of(new MemoryRegion(0, BYTES, 0x7000_0000_0000L, 0))).toPayload());
                frontEnd.sendRaw(RawMessage.encode(Request.SET_MEM_TABLE.code(), 1, table), List.of(file));
                assertThat(frontEnd.awaitClosed()).isTrue();
                backEnd.awaitLines(++stops, "guest2 detached", "cannot map memory region 0");
            }
        });
    }
}
