// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.conformance.LoopMode;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.Ram;
import org.vhost4j.frontend.RamSetup;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests guest memory of several regions, which are added and removed while frames are in flight. */
class GuestRamTest {
    private static final int BUFFERS = 8;
    private static final long MORE = 4 << 20;

    private static NetSetup setup(boolean packed, boolean slots) {
        NetSetup setup =
                NetSetup.full().in(RamSetup.APART).receive(ChainShape.TOGETHER, NetSetup.PLAIN_FRAME_BYTES, BUFFERS);
        NetSetup ring = packed ? setup.packed() : setup;
        return slots ? ring.withProtocol(ProtocolFeature.CONFIGURE_MEM_SLOTS) : ring;
    }

    private static void roundTrips(NetDriver driver, int frames) {
        for (int i = 0; i < frames; i++) {
            byte[] frame = PacketBuilder.udp4().payload(200 + i, i).complete();
            driver.send(0, frame, DriverHeader.PLAIN, ChainShape.pieces(100));
            assertThat(driver.receive().bytes()).isEqualTo(LoopMode.MACSWAP.returned(frame));
        }
    }

    @ParameterizedTest(name = "packed {0}, slots {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void ringsAndBuffersInRegionsOfTheirOwn(boolean packed, boolean slots) {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = backEnd.attach(0, setup(packed, slots))) {
            assertThat(driver.guestRam().regions()).hasSize(3);
            assertThat(driver.receiveBuffersIn(0, driver.ram())).isZero();
            roundTrips(driver, 20);
        }
    }

    @ParameterizedTest(name = "packed {0}, slots {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void regionsComeAndGoUnderTraffic(boolean packed, boolean slots) {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = backEnd.attach(0, setup(packed, slots))) {
            List<Ram> before = driver.guestRam().regions();
            for (int round = 0; round < 3; round++) {
                // A frame is on its way while the memory changes.
                byte[] frame = PacketBuilder.udp4().payload(300, round).complete();
                driver.send(frame);
                Ram plugged = driver.guestRam().plug(MORE);
                assertThat(driver.receive().bytes()).isEqualTo(LoopMode.MACSWAP.returned(frame));
                driver.sendFrom(0, plugged);
                driver.receiveInto(0, plugged);
                roundTrips(driver, BUFFERS + 1);
                assertThat(driver.receiveBuffersIn(0, plugged)).isEqualTo(BUFFERS);
                driver.sendFrom(0, before.get(2));
                driver.receiveInto(0, before.get(1));
                roundTrips(driver, BUFFERS + 1);
                assertThat(driver.receiveBuffersIn(0, plugged)).isZero();
                driver.send(frame);
                driver.guestRam().unplug(plugged);
                assertThat(driver.receive().bytes()).isEqualTo(LoopMode.MACSWAP.returned(frame));
            }
            assertThat(driver.guestRam().regions()).isEqualTo(before);
        }
    }

    @Test
    void theRegionWithTheRingsStays() {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = backEnd.attach(0, setup(false, true))) {
            assertThatThrownBy(() -> driver.guestRam().unplug(driver.ram()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(driver.guestRam().at(driver.ram().guestAddress() + 1)).isSameAs(driver.ram());
            assertThatThrownBy(() -> driver.guestRam().at(0)).hasMessage("no region has guest address 0x0");
            roundTrips(driver, 1);
        }
    }

    /** Whether the host has huge pages is the host's affair: either frames pass, or one line says what is missing. */
    @Test
    void hugePages() throws IOException {
        boolean has = Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("HugePages_Free:"))
                .anyMatch(line -> Integer.parseInt(line.replaceAll("[^0-9]", "")) >= 12);
        try (TestBackEnd backEnd = TestBackEnd.echo()) {
            NetSetup huge = NetSetup.full().in(RamSetup.APART.huge());
            if (has) {
                try (NetDriver driver = backEnd.attach(0, huge)) {
                    roundTrips(driver, 5);
                }
            } else {
                assertThatThrownBy(() -> backEnd.attach(0, huge))
                        .isInstanceOf(SystemError.class)
                        .hasMessageContaining("huge pages (/proc/sys/vm/nr_hugepages says how many the host has)")
                        .hasMessageNotContaining("\n");
            }
        }
    }
}
