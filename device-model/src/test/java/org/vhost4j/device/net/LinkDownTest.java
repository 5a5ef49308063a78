// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.Counter;

/**
 * Tests that no frame is transferred in either direction while the link is down: with single frames (whose virtio-net
 * header has its own descriptor) and with bursts, with and without coalescing in the bridge.
 */
@ParameterizedClass
@CsvSource({
    "false, false, false",
    "false, false, true",
    "false, true, false",
    "false, true, true",
    "true, false, false",
    "true, false, true",
    "true, true, false",
    "true, true, true"
})
class LinkDownTest {
    private static final int PAYLOAD = 1000;
    private static final int BUFFERS = 64;

    private final boolean packed;
    private final boolean coalesce;
    private final boolean single;
    private final ManualClock clock = new ManualClock();
    private final OffloadEngine engine = new OffloadEngine();
    private final Bridge bridge;
    private final TestGuest a;
    private final TestGuest b;
    private int sent;

    LinkDownTest(boolean packed, boolean coalesce, boolean single) {
        this.packed = packed;
        this.coalesce = coalesce;
        this.single = single;
        bridge = new Bridge(engine, coalesce);
        a = guest("a");
        b = guest("b");
        b.post(BUFFERS, 2048);
    }

    private TestGuest guest(String name) {
        TestGuest guest = new TestGuest(
                name,
                packed,
                bridge,
                engine,
                clock,
                Feature.CSUM,
                Feature.GUEST_CSUM,
                Feature.GUEST_TSO4,
                Feature.MRG_RXBUF);
        bridge.add(guest.device);
        return guest;
    }

    /** Sends the next segments of the flow from a to b. */
    private List<byte[]> send(int segments) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < segments; i++) {
            frames.add(TcpFrames.segment(1, 2, sent++, PAYLOAD));
            a.offer(DriverHeader.PLAIN, frames.getLast(), single);
        }
        a.turn();
        return frames;
    }

    /** Returns the payload bytes of the flow that b received since the last call. */
    private int payloadReceived() {
        return b.received().stream().mapToInt(each -> each.bytes().length - 54).sum();
    }

    @Test
    void downBeforeTheFlow() {
        b.device.control().link(false);
        send(2);
        assertThat(b.received()).isEmpty();
        assertThat(b.buffersLeft()).isEqualTo(BUFFERS);
        assertThat(b.device.counters().get(Counter.RX_FRAMES)).isZero();
        assertThat(b.device.counters().get(Counter.RX_NOT_READY)).isEqualTo(2);
        assertThat(a.sent()).isEqualTo(2);
    }

    @Test
    void downAndUpDuringTheFlow() {
        send(3);
        assertThat(b.received()).hasSize(coalesce ? 1 : 3);
        b.device.control().link(false);
        send(3);
        assertThat(b.received()).isEmpty();
        b.device.control().link(true);
        send(3);
        assertThat(payloadReceived()).isEqualTo(3 * PAYLOAD);
        assertThat(b.device.counters().get(Counter.RX_NOT_READY)).isEqualTo(3);
        assertThat(a.sent()).isEqualTo(9);
    }

    @Test
    void theSendersLinkIsDown() {
        a.device.control().link(false);
        send(3);
        assertThat(b.received()).isEmpty();
        assertThat(a.device.counters().get(Counter.TX_DISABLED)).isEqualTo(3);
        assertThat(a.sent()).isEqualTo(3);
    }

    @Test
    void aFrameThatWaitsForRoomIsNotSentOnceTheSendersLinkIsDown() {
        send(BUFFERS);
        b.received();
        send(BUFFERS);
        // Coalesced frames filled fewer buffers: the remaining buffers are filled with one frame each.
        while (a.sent() != 0) {
            send(BUFFERS);
        }
        b.received();
        b.post(2, 2048);
        a.device.control().link(false);
        a.turn();
        assertThat(b.received()).isEmpty();
        assertThat(b.buffersLeft()).isEqualTo(2);
    }

    @Test
    void downBetweenReservationAndCommit() {
        Frame landing = new Frame();
        Frame frame = new Frame();
        assertThat(b.device.reserve(landing, 3000)).isTrue();
        b.device.control().link(false);
        assertThat(b.device.extend(landing, 5000)).isFalse();
        b.device.commit(landing, 3000);
        b.device.flush();
        assertThat(b.received()).isEmpty();
        assertThat(b.device.counters().get(Counter.RX_NOT_READY)).isEqualTo(1);
        assertThat(b.device.reserve(landing, 3000)).isFalse();
        assertThat(b.device.reserve(landing, frame)).isFalse();

        b.device.control().link(true);
        assertThat(payloadOf(BUFFERS)).as("all buffers are still the device's").isEqualTo(BUFFERS * PAYLOAD);
    }

    /** Sends segments that each fill a buffer; returns the payload bytes that arrive. */
    private int payloadOf(int segments) {
        int payload = 0;
        for (int i = 0; i < segments; i++) {
            send(1);
            payload += payloadReceived();
        }
        return payload;
    }
}
