// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.sys.Await;
import org.vhost4j.vhostuser.server.BackendListener;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests the HTTP server with a back-end in this process. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class MetricsServerTest {
    @TempDir
    Path directory;

    @Test
    void metricsHaveTheNamesAndUnitsOfPrometheus() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            HttpResponse<String> answer = fixture.get("metrics", "*/*");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain; version=0.0.4");
            assertThat(answer.body().lines())
                    .contains(
                            "# TYPE vhost4j_guest_transmit_bytes_total counter",
                            "vhost4j_guest_transmit_bytes_total{guest=\"guest0\"} 60.0",
                            "vhost4j_guest_transmit_frames_total{guest=\"guest0\"} 1.0",
                            "vhost4j_guest_receive_frames_total{guest=\"guest0\"} 0.0",
                            "vhost4j_guest_receive_dropped_frames_total{guest=\"guest1\",reason=\"not-ready\"} 1.0",
                            "vhost4j_port_out_dropped_frames_total{kind=\"stream\",port=\"stream:peer.sock\",reason=\"no-peer\"}"
                                    + " 1.0",
                            "vhost4j_port_in_bytes_total{kind=\"stream\",port=\"stream:peer.sock\"} 0.0",
                            "vhost4j_guest_state{guest=\"guest0\",state=\"running\"} 1.0",
                            "vhost4j_guest_state{guest=\"guest1\",state=\"waiting\"} 1.0",
                            "vhost4j_guest_link_up{guest=\"guest1\"} 1.0")
                    .anyMatch(line -> line.startsWith("vhost4j_platform_info{abi=\"")
                            && line.endsWith("platform=\"linux-6.0\"} 1"))
                    .anyMatch(line -> line.matches("vhost4j_lane_turns_total\\{lane=\"lane0\"} [0-9.E]+"))
                    .anyMatch(line -> line.matches("process_start_time_seconds [0-9.E]+"));
        }
    }

    @Test
    void everyCounterOfAGuestIsThereOnce() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            assertThat(fixture.get("metrics", "*/*").body().lines())
                    .filteredOn(line -> line.matches("vhost4j_guest_[a-z_]+_total\\{.*guest=\"guest0\".*"))
                    .doesNotHaveDuplicates()
                    .hasSize(Counter.values().length)
                    .contains(
                            "vhost4j_guest_receive_dropped_frames_total{guest=\"guest0\",reason=\"rate-limit\"} 0.0",
                            "vhost4j_guest_station_events_total{event=\"moved\",guest=\"guest0\"} 0.0");
        }
    }

    @Test
    void openMetricsIsServedToThoseThatAskForIt() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            HttpResponse<String> answer =
                    fixture.get("metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
            assertThat(answer.headers().firstValue("Content-Type").orElse(""))
                    .startsWith("application/openmetrics-text; version=1.0.0");
            assertThat(answer.body())
                    .contains(
                            "# TYPE vhost4j_guest_transmit_bytes counter", "# UNIT vhost4j_guest_transmit_bytes bytes")
                    .endsWith("# EOF\n");
            assertThat(fixture.get("metrics?name[]=vhost4j_build_info", "*/*").body())
                    .contains("vhost4j_build_info{")
                    .doesNotContain("guest");
        }
    }

    @Test
    void thePageIsItsOwnFilesUnderAStrictPolicy() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            for (String path : List.of("", "live.js", "live.css", "page.css", "icon.svg", "state.json")) {
                HttpResponse<String> answer = fixture.get(path, "*/*");
                assertThat(answer.statusCode()).as(path).isEqualTo(200);
                assertThat(answer.headers()
                                .firstValue("Content-Security-Policy")
                                .orElse(""))
                        .contains("default-src 'none'", "script-src 'self'")
                        .doesNotContain("unsafe");
                assertThat(answer.headers().firstValue("X-Content-Type-Options"))
                        .hasValue("nosniff");
                assertThat(answer.body().replace("http://www.w3.org/2000/svg", ""))
                        .doesNotContain("http://", "https://");
            }
            assertThat(fixture.get("nothing", "*/*").statusCode()).isEqualTo(404);
            assertThat(fixture.get("metricsx", "*/*").statusCode()).isEqualTo(404);
            assertThat(fixture.get("live.js/../../x", "*/*").statusCode()).isEqualTo(404);
            assertThat(fixture.send("POST", "").statusCode()).isEqualTo(405);
            assertThat(fixture.send("POST", "metrics").statusCode()).isEqualTo(405);
            assertThat(fixture.send("HEAD", "").body()).isEmpty();
        }
    }

    @Test
    void anotherNameOfTheLoopbackAddressIsRefused() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            assertThat(status(fixture, "elsewhere.example")).isEqualTo("HTTP/1.1 403 Forbidden");
            assertThat(status(fixture, "localhost:9478")).isEqualTo("HTTP/1.1 200 OK");
            assertThat(status(fixture, "[0:0:0:0:0:0:0:1]:9478")).isEqualTo("HTTP/1.1 200 OK");
        }
    }

    private static String status(MetricsFixture fixture, String host) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), fixture.page().getPort())) {
            socket.getOutputStream()
                    .write(("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.lines().findFirst().orElse("");
        }
    }

    @Test
    void thePageIsToldWhatIsThere() throws Exception {
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            JsonNode state = JsonMapper.shared()
                    .readTree(fixture.get("state.json", "*/*").body());
            assertThat(state.get("platform").asString()).isEqualTo("linux-6.0");
            assertThat(state.get("switching").asString()).isEqualTo("bridge");
            JsonNode ports = state.get("ports");
            assertThat(ports.size()).isEqualTo(3);
            assertThat(ports.get(0).get("state").asString()).isEqualTo("running");
            assertThat(ports.get(0).get("in").get("bytes").asLong()).isEqualTo(60);
            assertThat(ports.get(1).get("state").asString()).isEqualTo("waiting");
            assertThat(ports.get(2).get("kind").asString()).isEqualTo("stream");
            assertThat(ports.get(2).get("drops").toString())
                    .isEqualTo("[{\"reason\":\"the peer is not there\",\"way\":\"out\",\"frames\":1}]");
            assertThat(state.get("history").get("length").asInt()).isEqualTo(1);
            assertThat(state.get("history")
                            .get("ports")
                            .get("guest0")
                            .get("in")
                            .get(0)
                            .asLong())
                    .isPositive();
            assertThat(state.get("stations").toString()).contains("\"mac\":\"52:54:00:00:00:07\"");
            assertThat(state.get("features").toString())
                    .contains("{\"name\":\"CSUM\",\"offered\":true,\"software\":false,\"by\":\"");
            assertThat(state.get("featureGroups").get(0).get("guests").toString())
                    .isEqualTo("[\"guest0\"]");
            assertThat(state.get("events").get(0).get("what").asString()).isEqualTo("front-end attached");
        }
    }

    @Test
    void anAddressThatIsTakenIsSaidInOneClause() throws Exception {
        try (MetricsServer first = MetricsServer.listen("127.0.0.1:0")) {
            String address = "127.0.0.1:" + java.net.URI.create(first.url()).getPort();
            assertThatThrownBy(() -> MetricsServer.listen(address))
                    .isInstanceOf(IOException.class)
                    .hasMessage("another program listens there");
        }
    }

    @Test
    void aUnixSocketHasTheSame() throws Exception {
        Path path = directory.resolve("metrics.sock");
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            try (MetricsServer server = MetricsServer.listen("unix:" + path)) {
                assertThat(ask(path, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
                        .startsWith("HTTP/1.1 503 ");
                server.serve(fixture.served());
                assertThat(server.url()).isEqualTo("unix:" + path);
                assertThat(Files.getPosixFilePermissions(path)).hasToString("[OWNER_READ, OWNER_WRITE]");
                assertThat(ask(path, "GET /metrics HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"))
                        .startsWith("HTTP/1.1 200 OK\r\n")
                        .contains("\nvhost4j_guest_transmit_bytes_total{guest=\"guest0\"} 60.0\n");
                assertThat(ask(path, "GET /metrics?name[]=vhost4j_build_info HTTP/1.0\r\n\r\n"))
                        .contains("vhost4j_build_info{")
                        .doesNotContain("guest0");
                String page = ask(path, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
                assertThat(page).contains("Content-security-policy: default-src 'none'", "<h2 id=\"h-stations\">");
                assertThat(ask(path, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")).endsWith("\r\n\r\n");
                assertThat(ask(path, "GET /no HTTP/1.1\r\nHost: x\r\n\r\n")).startsWith("HTTP/1.1 404 ");
                assertThat(ask(path, "POST / HTTP/1.1\r\nHost: x\r\n\r\n")).startsWith("HTTP/1.1 405 ");
                for (String bad : List.of(
                        "\r\n\r\n",
                        "GET /\r\n\r\n",
                        "GET http:// HTTP/1.1\r\n\r\n",
                        "GET / HTTP/1.1\r\nx\r\n\r\n",
                        "GET / HTTP/1.1\r\nx: " + "y".repeat(20_000))) {
                    assertThat(ask(path, bad)).as(bad).startsWith("HTTP/1.1 400 ");
                }
                assertThatThrownBy(() -> MetricsServer.listen("unix:" + path))
                        .isInstanceOf(IOException.class)
                        .hasMessage("another process listens there already");
            }
            assertThat(path).doesNotExist();
        }
    }

    /** More connect than there are threads, so that some of them wait for one. */
    @Test
    void theEndOfAUnixSocketEndsItsConnections() throws Exception {
        Path path = directory.resolve("metrics.sock");
        List<SocketChannel> clients = new ArrayList<>();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new ArrayBlockingQueue<>(8));
        try {
            try (UnixHttpServer server = UnixHttpServer.listen(path, HttpExchange::close, threads)) {
                assertThat(server).isNotNull();
                for (int i = 0; i < 3; i++) {
                    clients.add(SocketChannel.open(UnixDomainSocketAddress.of(path)));
                }
                Await.until(
                        () -> "they do not wait",
                        Await.PATIENCE,
                        () -> threads.getQueue().size() == 2);
            }
            for (SocketChannel client : clients) {
                assertThat(isEnded(client)).isTrue();
            }
        } finally {
            threads.shutdownNow();
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    private static boolean isEnded(SocketChannel client) {
        try {
            return client.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true;
        }
    }

    private static String ask(Path path, String request) throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            client.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            client.shutdownOutput();
            StringBuilder all = new StringBuilder();
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            try {
                while (client.read(buffer) >= 0) {
                    all.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                    buffer.clear();
                }
            } catch (IOException e) {
                // What was left of a request that is too long is not read.
            }
            return all.toString();
        }
    }

    @Test
    void beforeTheBackEndRunsThereIsNothingToSay() throws Exception {
        try (MetricsServer server = MetricsServer.listen("127.0.0.1:0");
                java.net.http.HttpClient client = java.net.http.HttpClient.newHttpClient()) {
            for (String path : List.of("metrics", "state.json")) {
                HttpResponse<String> answer = client.send(
                        java.net.http.HttpRequest.newBuilder(java.net.URI.create(server.url() + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(503);
            }
        }
    }

    @Test
    void eventsAreKeptUpToANumber() {
        EventLog log = new EventLog(() -> 5);
        BackendListener listener = log;
        for (int i = 0; i < EventLog.MOST + 3; i++) {
            listener.trouble("guest" + i, "x".repeat(1000));
        }
        assertThat(log.events()).hasSize(EventLog.MOST);
        assertThat(log.events().getFirst().who()).isEqualTo("guest3");
        assertThat(log.events().getLast().what()).hasSizeLessThan(500).endsWith("…");
    }
}
