// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A headless Chromium, driven by ChromeDriver over the WebDriver protocol. */
final class Browser implements AutoCloseable {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern STARTED = Pattern.compile("started successfully on port ([0-9]+)");

    /** It runs as root here, without a display, and reaches for nothing outside. */
    private static final List<String> OPTIONS = List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars");

    private final HttpClient client = HttpClient.newHttpClient();
    private final Process driver;
    private final String base;
    private final String session;

    Browser() throws IOException, InterruptedException {
        driver = new ProcessBuilder("chromedriver", "--port=0")
                .redirectErrorStream(true)
                .start();
        base = "http://127.0.0.1:" + port(driver.inputReader());
        ObjectNode capabilities = NODES.objectNode();
        ObjectNode wanted = capabilities.putObject("capabilities").putObject("alwaysMatch");
        wanted.putObject("goog:loggingPrefs").put("browser", "ALL");
        OPTIONS.forEach(wanted.putObject("goog:chromeOptions").putArray("args")::add);
        session = "/session/"
                + call("POST", "/session", capabilities).get("sessionId").asString();
    }

    private static String port(BufferedReader out) throws IOException {
        String line = out.readLine();
        while (line != null) {
            Matcher matcher = STARTED.matcher(line);
            if (matcher.find()) {
                return matcher.group(1);
            }
            line = out.readLine();
        }
        throw new IOException("chromedriver has ended");
    }

    private JsonNode call(String method, String path, JsonNode body) throws IOException, InterruptedException {
        HttpRequest.BodyPublisher content = method.equals("POST")
                ? HttpRequest.BodyPublishers.ofString(body.toString())
                : HttpRequest.BodyPublishers.noBody();
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(base + path))
                        .method(method, content)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(method + " " + path + ": " + answer.body());
        }
        return new JsonMapper().readTree(answer.body()).get("value");
    }

    /** Opens a page in a window of a width, light or dark. */
    void open(URI page, int width, boolean dark) throws IOException, InterruptedException {
        ObjectNode media = NODES.objectNode();
        media.putArray("features")
                .addObject()
                .put("name", "prefers-color-scheme")
                .put("value", dark ? "dark" : "light");
        command("Emulation.setEmulatedMedia", media);
        command(
                "Emulation.setDeviceMetricsOverride",
                NODES.objectNode()
                        .put("width", width)
                        .put("height", 900)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", false));
        call("POST", session + "/url", NODES.objectNode().put("url", page.toString()));
    }

    private void command(String name, ObjectNode parameters) throws IOException, InterruptedException {
        ObjectNode body = NODES.objectNode().put("cmd", name);
        body.set("params", parameters);
        JsonNode unused = call("POST", session + "/goog/cdp/execute", body);
    }

    /** Runs a script, whose {@code return} is the answer. */
    JsonNode run(String script) throws IOException, InterruptedException {
        ObjectNode body = NODES.objectNode().put("script", script);
        body.putArray("args");
        return call("POST", session + "/execute/sync", body);
    }

    /** Presses the Tab key. */
    void tab() throws IOException, InterruptedException {
        for (String type : List.of("keyDown", "keyUp")) {
            command(
                    "Input.dispatchKeyEvent",
                    NODES.objectNode()
                            .put("type", type)
                            .put("key", "Tab")
                            .put("code", "Tab")
                            .put("windowsVirtualKeyCode", 9));
        }
    }

    /** What the console said since the last call. */
    JsonNode console() throws IOException, InterruptedException {
        return call("POST", session + "/se/log", NODES.objectNode().put("type", "browser"));
    }

    @Override
    public void close() throws IOException {
        try {
            JsonNode unused = call("DELETE", session, NODES.nullNode());
            driver.destroy();
            if (!driver.waitFor(10, TimeUnit.SECONDS)) {
                driver.destroyForcibly();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        } finally {
            driver.destroyForcibly();
            client.close();
        }
    }
}
