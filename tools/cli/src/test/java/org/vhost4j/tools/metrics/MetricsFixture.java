// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.qmp.QmpFixture;
import org.vhost4j.qmp.Served;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.tools.run.StreamUplink;

/**
 * A back-end with two guests, one of which sends a broadcast frame, a port without a peer, and the HTTP server of
 * metrics and page.
 */
final class MetricsFixture implements AutoCloseable {
    private final QmpFixture backend;
    private final NetDriver sender;
    private final MetricsServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    MetricsFixture(Path directory) throws IOException {
        Path peer = directory.resolve("peer.sock");
        backend = QmpFixture.bridged(
                directory,
                new StreamUplink("stream:" + peer.getFileName(), SocketAddress.unix(peer), true, line -> {}));
        server = MetricsServer.listen("127.0.0.1:0");
        server.serve(backend.served());
        sender = NetDriver.attach(backend.guest(0), NetSetup.full());
        backend.rates().sample();
        sender.send(broadcast());
        sender.awaitSent();
        backend.rates().sample();
        server.events().attached("guest0");
    }

    private static byte[] broadcast() {
        byte[] frame = new byte[60];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
        }
        frame[6] = 0x52;
        frame[7] = 0x54;
        frame[11] = 7;
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        return frame;
    }

    /** The page's address. */
    URI page() {
        return URI.create(server.url());
    }

    /** What other servers can serve as well. */
    Served served() {
        return backend.served();
    }

    MetricsServer server() {
        return server;
    }

    /** Asks for a path, accepting a type. */
    HttpResponse<String> get(String path, String accept) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(page().resolve(path))
                .header("Accept", accept)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(page().resolve(path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        server.close();
        sender.close();
        backend.close();
        client.close();
    }
}
