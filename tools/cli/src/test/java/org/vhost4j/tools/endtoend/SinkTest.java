// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;

/** Tests the ports without a network: one returns frames, the other counts and drops them. */
class SinkTest {
    @Test
    void theEchoSwapsTheAddressesAndNothingElse() {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = backEnd.attach(0, NetSetup.full())) {
            for (ChainShape shape : List.of(ChainShape.TOGETHER, ChainShape.HEADER_SPREAD, ChainShape.pieces(5))) {
                driver.send(0, PacketBuilder.udp6().macs(1, 2).payload(333, 1).complete(), DriverHeader.PLAIN, shape);
                byte[] echo = driver.receive().bytes();
                byte[] swapped = PacketBuilder.udp6().macs(1, 2).payload(333, 1).complete();
                System.arraycopy(PacketBuilder.mac(1), 0, swapped, 0, 6);
                System.arraycopy(PacketBuilder.mac(2), 0, swapped, 6, 6);
                assertThat(echo).isEqualTo(swapped);
            }
        }
    }

    @Test
    void theEchoOfASuperFrameIsASuperFrame() {
        try (TestBackEnd backEnd = TestBackEnd.echo();
                NetDriver driver = backEnd.attach(0, NetSetup.full())) {
            PacketBuilder builder = PacketBuilder.tcp4().macs(1, 1).payload(30_000, 1);
            DriverHeader header = builder.superHeader(1448);
            driver.send(builder.partial(), header);
            ReceivedFrame echo = driver.receive();
            assertThat(echo.bytes()).isEqualTo(builder.partial());
            Traffic.assertHeader(driver, echo, header);
        }
    }

    @Test
    void theSinkCountsEverythingAndReturnsNothing() {
        try (TestBackEnd backEnd = TestBackEnd.sink();
                NetDriver driver = backEnd.attach(0, NetSetup.full())) {
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                frames.add(PacketBuilder.udp4().payload(1000, i).complete());
            }
            driver.sendBurst(0, frames, DriverHeader.PLAIN, ChainShape.TOGETHER);
            driver.awaitSent();
            assertThat(driver.poll(0)).isEmpty();
            assertThat(backEnd.backend().counters(0).get(Counter.TX_FRAMES)).isEqualTo(100);
            assertThat(backEnd.backend().counters(0).get(Counter.TX_BYTES)).isEqualTo(100L * (14 + 20 + 8 + 1000));
        }
    }
}
