// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.JsonNodeFactory;

/** Tests the client that commands such as {@code top} use. */
class QmpConnectionTest {
    @TempDir
    Path directory;

    @Test
    void whatDoesNotGreetIsNoMonitor() throws IOException {
        Path socket = directory.resolve("guest.sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> QmpConnection.open(socket, Duration.ofMillis(1)))
                    .isInstanceOf(IOException.class)
                    .hasMessage(socket + ": the server at this path does not send a QMP greeting");
        }
    }

    @Test
    void argumentsArriveAndRefusalsAreInTheWordsOfTheMonitor() throws Exception {
        try (QmpFixture backend = QmpFixture.bridged(directory);
                QmpConnection monitor = QmpConnection.open(backend.path())) {
            assertThat(monitor.execute(
                            "query-fdb", JsonNodeFactory.instance.objectNode().put("vlan", 5)))
                    .isEmpty();
            assertThatThrownBy(() -> monitor.execute(
                            "query-fdb", JsonNodeFactory.instance.objectNode().put("port", "none")))
                    .isInstanceOf(IOException.class)
                    .hasMessage("Device 'none' not found");
            assertThat(monitor.execute("query-ports")).hasSize(2);
        }
    }
}
