// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import tools.jackson.databind.JsonNode;

/** Tests the queries of ports, stations and lanes, with frames of a real driver. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PortAnswersTest {
    @TempDir
    Path directory;

    @Test
    void framesOfAGuestAreSeenOnBothPorts() throws Exception {
        try (QmpFixture fixture = QmpFixture.bridged(directory);
                NetDriver sender = NetDriver.attach(fixture.guest(0), NetSetup.full());
                NetDriver receiver = NetDriver.attach(fixture.guest(1), NetSetup.full());
                TestClient client = TestClient.negotiated(fixture.path())) {
            fixture.rates().sample();
            byte[] frame = new byte[60];
            frame[0] = (byte) 0xff;
            frame[1] = (byte) 0xff;
            frame[2] = (byte) 0xff;
            frame[3] = (byte) 0xff;
            frame[4] = (byte) 0xff;
            frame[5] = (byte) 0xff;
            frame[6] = 0x52;
            frame[7] = 0x54;
            frame[11] = 0x7;
            frame[12] = (byte) 0x88;
            frame[13] = (byte) 0xb5;
            sender.send(frame);
            assertThat(receiver.receive().bytes()).isEqualTo(frame);
            fixture.rates().sample();

            JsonNode ports = client.returned("{'execute': 'query-ports'}");
            assertThat(ports.size()).isEqualTo(2);
            JsonNode first = ports.get(0);
            assertThat(first.get("name").asString()).isEqualTo("guest0");
            assertThat(first.get("kind").asString()).isEqualTo("guest");
            assertThat(first.get("state").asString()).isEqualTo("running");
            assertThat(first.get("link-up").asBoolean()).isTrue();
            assertThat(first.get("vlan").toString()).isEqualTo("{\"mode\":\"trunk\"}");
            assertThat(first.get("in").get("frames").asLong()).isEqualTo(1);
            assertThat(first.get("in").get("bytes").asLong()).isEqualTo(60);
            assertThat(first.get("in").get("bytes-per-second").asLong())
                    .isGreaterThan(first.get("in").get("frames-per-second").asLong());
            assertThat(first.get("out").get("frames").asLong()).isZero();
            assertThat(ports.get(1).get("out").get("frames").asLong()).isEqualTo(1);
            assertThat(ports.get(1).get("out").get("bytes").asLong()).isEqualTo(60);
            assertThat(first.get("drops").toString())
                    .contains("{\"reason\":\"bad-source\",\"meaning\":\"their source address is not the guest's\","
                            + "\"direction\":\"in\",\"frames\":0}");

            JsonNode station = client.returned("{'execute': 'query-fdb'}").get(0);
            assertThat(station.get("age").isIntegralNumber()).isTrue();
            String known = "[{\"mac\":\"52:54:00:00:00:07\",\"vlan\":0,\"port\":\"guest0\",\"age\":N}]";
            assertThat(fdb(client, "")).isEqualTo(known);
            assertThat(fdb(client, ", 'arguments': {'port': 'guest0', 'vlan': 0}"))
                    .isEqualTo(known);
            assertThat(client.returned("{'execute': 'query-fdb', 'arguments': {'port': 'guest1'}}")
                            .size())
                    .isZero();
            assertThat(client.returned("{'execute': 'query-fdb', 'arguments': {'vlan': 5}}")
                            .size())
                    .isZero();
            assertThat(client.ask("{'execute': 'query-fdb', 'arguments': {'port': 'guest2'}}"))
                    .contains("DeviceNotFound", "Device 'guest2' not found");

            JsonNode lanes = client.returned("{'execute': 'query-lanes'}");
            assertThat(lanes.size()).isEqualTo(1);
            assertThat(lanes.get(0).get("guests").toString()).isEqualTo("[\"guest0\",\"guest1\"]");
            assertThat(lanes.get(0).get("turns").asLong()).isPositive();
        }
    }

    private static String fdb(TestClient client, String arguments) throws Exception {
        return client.returned("{'execute': 'query-fdb'" + arguments + "}")
                .toString()
                .replaceAll("\"age\":[0-9]+", "\"age\":N");
    }
}
