// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.sys.Await;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tests a real Prometheus, which scrapes a back-end in this process and evaluates the dashboard's queries. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class PrometheusIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void metricsAreScrapedAndEveryQueryOfTheDashboardIsAnswered() throws Exception {
        Path lab = Lab.find().files();
        try (MetricsFixture fixture = new MetricsFixture(directory)) {
            assertThat(check(lab, fixture.get("metrics", "text/plain").body())).isEmpty();
            int port = freePort();
            Process prometheus = start(lab, fixture.page(), port);
            try {
                Await.until(
                        "Prometheus has scraped",
                        () -> value(port, "up{job=\"vhost4j\"}").equals("1"));
                assertThat(value(port, "vhost4j_guest_transmit_bytes_total{guest=\"guest0\"}"))
                        .isEqualTo("60");
                assertThat(value(port, "sum(vhost4j_guest_receive_dropped_frames_total{guest=\"guest1\"})"))
                        .isEqualTo("1");
                assertThat(value(port, "count(vhost4j_platform_info{platform=\"linux-6.0\"})"))
                        .isEqualTo("1");
                for (String query : Dashboard.filledIn()) {
                    assertThat(ask(port, query).path("status").asString())
                            .as(query)
                            .isEqualTo("success");
                }
            } finally {
                prometheus.destroy();
                assertThat(prometheus.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    /** What promtool has to say about names, units and help. */
    private static String check(Path lab, String metrics) throws IOException, InterruptedException {
        Process promtool = new ProcessBuilder(lab.resolve("promtool").toString(), "check", "metrics")
                .redirectErrorStream(true)
                .start();
        try (var in = promtool.outputWriter(StandardCharsets.UTF_8)) {
            in.write(metrics);
        }
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor()).as(said).isZero();
        return said;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process start(Path lab, URI page, int port) throws IOException {
        Path config = directory.resolve("prometheus.yml");
        Files.writeString(config, """
            global:
              scrape_interval: 1s
            scrape_configs:
              - job_name: vhost4j
                static_configs:
                  - targets: ["%s"]
            """.formatted(page.getAuthority()));
        return new ProcessBuilder(
                        lab.resolve("prometheus").toString(),
                        "--config.file=" + config,
                        "--storage.tsdb.path=" + directory.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("prometheus.log").toFile())
                .start();
    }

    private JsonNode ask(int port, String query) throws IOException {
        URI uri = URI.create(
                "http://127.0.0.1:" + port + "/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8));
        try {
            HttpResponse<String> answer =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 503) {
                throw new IOException("Prometheus is starting");
            }
            return new JsonMapper().readTree(answer.body());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The value of a query's only result, or an empty string when there is none yet. */
    private String value(int port, String query) {
        try {
            return ask(port, query)
                    .path("data")
                    .path("result")
                    .path(0)
                    .path("value")
                    .path(1)
                    .asString("");
        } catch (IOException e) {
            // It does not listen yet.
            return "";
        }
    }
}
