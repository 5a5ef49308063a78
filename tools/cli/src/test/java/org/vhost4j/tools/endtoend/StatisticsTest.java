// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.frontend.ChainShape;
import org.vhost4j.frontend.Control;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.frontend.PacketBuilder;
import org.vhost4j.frontend.ReceivedFrame;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/** Tests the device statistics that a driver reads on its control queue (virtio 1.4 section 5.1.6.5.10). */
@Timeout(300)
class StatisticsTest {
    private static final NetSetup COUNTED =
            NetSetup.full().with(Feature.CTRL_VQ, Feature.DEVICE_STATS).withProtocol(ProtocolFeature.CONFIG);

    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int CONTROL = 2;

    private static final int RX_GSO = 2;
    private static final int TX_GSO = 18;
    private static final int CVQ = 32;

    /** The values of one type of one queue. */
    private static long[] values(NetDriver driver, int queue, int type) {
        ByteBuffer request = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        request.putShort(0, (short) queue).putLong(8, 1L << type);
        ByteBuffer reply = ByteBuffer.wrap(driver.question(Control.STATS, Control.STATS_GET, 1024, request.array()))
                .order(ByteOrder.LITTLE_ENDIAN);
        assertThat(reply.get(0)).isEqualTo((byte) type);
        assertThat(reply.getShort(2)).isEqualTo((short) queue);
        assertThat((int) reply.getShort(6)).isEqualTo(reply.capacity());
        long[] values = new long[(reply.capacity() - 8) / 8];
        reply.position(8);
        reply.asLongBuffer().get(values);
        return values;
    }

    @Test
    void superFramesThatPassWhole() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver a = backEnd.attach(0, COUNTED);
                NetDriver b = backEnd.attach(1, COUNTED)) {
            PacketBuilder large = PacketBuilder.tcp4().macs(1, 2).payload(10_000, 1);
            PacketBuilder datagrams = PacketBuilder.udp6().macs(1, 2).payload(5_000, 2);
            PacketBuilder small = PacketBuilder.tcp4().macs(1, 2).payload(100, 3);
            a.send(large.partial(), large.superHeader(1448));
            a.send(datagrams.partial(), datagrams.superHeader(1000));
            // The driver says that it is a super-frame, and it has one segment.
            a.send(small.partial(), small.superHeader(1448));
            a.send(small.complete());
            for (int i = 0; i < 4; i++) {
                b.receive();
            }
            long bytes = (long) large.partial().length + datagrams.partial().length;
            long sent = bytes + small.partial().length;
            assertThat(values(a, TRANSMIT, TX_GSO)).containsExactly(3, sent, 0, 0, 3, sent);
            assertThat(values(a, RECEIVE, RX_GSO)).containsExactly(0, 0, 0, 0);
            assertThat(values(b, RECEIVE, RX_GSO)).containsExactly(2, bytes, 0, 0);
        }
    }

    @Test
    void superFramesThatAreCut() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver a = backEnd.attach(0, COUNTED);
                NetDriver b = backEnd.attach(1, NetSetup.full().withoutOffloads())) {
            PacketBuilder packet = PacketBuilder.tcp6().macs(1, 2).payload(10_000, 1);
            a.send(packet.partial(), packet.superHeader(1448));
            long segmentBytes = 0;
            for (int i = 0; i < 7; i++) {
                segmentBytes += b.receive().bytes().length;
            }
            assertThat(values(a, TRANSMIT, TX_GSO)).containsExactly(1, packet.partial().length, 7, segmentBytes, 0, 0);
        }
    }

    @Test
    void superFramesThatTheDevicePutTogether() {
        try (TestBackEnd backEnd = TestBackEnd.coalescing();
                NetDriver a = backEnd.attach(0, NetSetup.full());
                NetDriver b = backEnd.attach(1, COUNTED)) {
            PacketBuilder whole = PacketBuilder.tcp4().macs(1, 2).payload(10_000, 1);
            a.send(whole.partial(), whole.superHeader(1448));
            b.receive();
            PacketBuilder part = PacketBuilder.tcp4().macs(1, 2).tcp(PacketBuilder.ACK, 0);
            List<byte[]> burst = IntStream.range(0, 10)
                    .mapToObj(i ->
                            part.numbers(1000 + 500 * i, 7 + i).payload(500, i).complete())
                    .toList();
            a.sendBurst(0, burst, DriverHeader.PLAIN, ChainShape.TOGETHER);
            long frames = 0;
            long bytes = 0;
            int left = 500 * burst.size();
            while (left > 0) {
                ReceivedFrame received = b.receive();
                left -= received.bytes().length - part.headerLength();
                if (received.header().gsoType() != DriverHeader.GSO_NONE) {
                    frames++;
                    bytes += received.bytes().length;
                }
            }
            // The back-end may see the burst in parts, when it polls while the driver publishes.
            assertThat(frames).isPositive();
            assertThat(values(b, RECEIVE, RX_GSO))
                    .containsExactly(1 + frames, whole.partial().length + bytes, frames, bytes);
        }
    }

    @Test
    void aQuestionCountsItself() {
        try (TestBackEnd backEnd = TestBackEnd.bridge(2);
                NetDriver a = backEnd.attach(0, COUNTED)) {
            assertThat(values(a, CONTROL, CVQ)).containsExactly(1, 1);
            assertThat(a.control(Control.STATS, 77)).isEqualTo(Control.ERR);
            assertThat(values(a, CONTROL, CVQ)).containsExactly(3, 2);
        }
    }
}
