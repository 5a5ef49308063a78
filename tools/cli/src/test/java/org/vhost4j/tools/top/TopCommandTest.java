// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.top;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.qmp.QmpConnection;
import org.vhost4j.qmp.QmpFixture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/** Tests the output of top and stats for given responses of a monitor. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class TopCommandTest {
    private static final JsonNode NOTHING = JsonNodeFactory.instance.arrayNode();

    @TempDir
    Path directory;

    private static JsonNode json(String text) {
        return new JsonMapper().readTree(text.replace('\'', '"'));
    }

    @Test
    void ratesAreThoseBetweenTwoLooks() {
        String port =
                "[{'name':'tap:a','kind':'tap','since':7,'vlan':{'mode':'trunk','trunks':[0,4]},'dropped-per-second':9,"
                        + "'in':{'frames':%d,'bytes':%d,'frames-per-second':3,'bytes-per-second':4},"
                        + "'out':{'frames':0,'bytes':0,'frames-per-second':0,'bytes-per-second':0},"
                        + "'drops':[{'frames':%d},{'frames':1}]}]";
        JsonNode before = json(port.formatted(100, 1000, 0));
        JsonNode now = json(port.formatted(300, 3000, 50));
        PortLine line = PortLine.all(now, NOTHING, before, 2).getFirst();
        assertThat(line).isEqualTo(new PortLine("tap:a", "tap", "-", "2 VLANs", -1, 100, 8000, 0, 0, 25));
        assertThat(PortLine.all(now, NOTHING, NOTHING, 2).getFirst().framesIn())
                .as("the back-end's own before there are two looks")
                .isEqualTo(3);
        JsonNode other = json(port.formatted(0, 0, 0).replace("'since':7", "'since':8"));
        assertThat(PortLine.all(now, NOTHING, other, 2).getFirst().framesIn())
                .as("another port of the same name")
                .isEqualTo(3);
    }

    @Test
    void vlansAndLinksAreToldInAFewCharacters() {
        String port = "[{'name':'guest0','kind':'guest','link-up':false,'state':'running','vlan':%s}]";
        assertThat(PortLine.all(json(port.formatted("{'mode':'access','tag':5}")), NOTHING, NOTHING, 0)
                        .getFirst())
                .extracting(PortLine::state, PortLine::vlan)
                .containsExactly("link down", "5");
        assertThat(PortLine.all(
                                json(port.formatted("{'mode':'native-tagged','tag':5,'trunks':[7]}")),
                                NOTHING,
                                NOTHING,
                                0)
                        .getFirst()
                        .vlan())
                .isEqualTo("5+7");
        assertThat(PortLine.all(json(port.formatted("{'mode':'trunk'}")), NOTHING, NOTHING, 0)
                        .getFirst()
                        .vlan())
                .isEqualTo("-");
    }

    @Test
    void aRunningBackEndIsShown() throws Exception {
        try (QmpFixture backend = QmpFixture.bridged(directory);
                NetDriver guest = NetDriver.attach(backend.guest(0), NetSetup.full());
                QmpConnection monitor = QmpConnection.open(backend.path())) {
            byte[] broadcast = new byte[60];
            Arrays.fill(broadcast, 0, 6, (byte) 0xff);
            broadcast[6] = 0x52;
            guest.send(broadcast);
            guest.awaitSent();
            List<PortLine> lines =
                    PortLine.all(monitor.execute("query-ports"), monitor.execute("query-devices"), NOTHING, 0);
            assertThat(lines).extracting(PortLine::name).containsExactly("guest0", "guest1");
            assertThat(lines).extracting(PortLine::state).containsExactly("running", "waiting");
            assertThat(lines.get(0).features()).isGreaterThan(10);
            assertThat(lines.get(1).features()).isEqualTo(-1);
            String text = StatsCommand.text(monitor.execute("query-ports"), monitor.execute("query-stats"), 100);
            assertThat(text.lines())
                    .anyMatch(line -> line.matches("guest0 +1 +60 +0 +0 +[0-9T:Z-]+"))
                    .anyMatch(line -> line.matches("guest1 +1 +out +no receive queue is ready"))
                    .anyMatch(line -> line.matches("rx-not-ready +1 +guest1"))
                    .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        }
    }

    @Test
    void whatIsNoMonitorIsSaidInOneClause() throws IOException {
        Path none = directory.resolve("none.sock");
        assertThatThrownBy(() -> QmpConnection.open(none))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(none + ": ");
        Path other = directory.resolve("other.sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(other));
            Thread answering = Thread.ofPlatform().daemon().start(() -> {
                try (SocketChannel client = server.accept()) {
                    int unused = client.write(ByteBuffer.wrap("220 ready\r\n".getBytes(StandardCharsets.US_ASCII)));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThatThrownBy(() -> QmpConnection.open(other))
                    .hasMessage(other + ": the server at this path is not a monitor");
            assertThat(answering.isDaemon()).isTrue();
        }
    }
}
