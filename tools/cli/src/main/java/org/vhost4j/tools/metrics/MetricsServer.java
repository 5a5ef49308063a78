// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.vhost4j.qmp.Served;
import org.vhost4j.tools.common.HtmlPage;

/**
 * The HTTP server of {@code --metrics}: {@code /metrics} for Prometheus, and a human-readable page at {@code /}. It
 * does not change the back-end.
 */
public final class MetricsServer implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int WAITING = 64;
    private static final int FORBIDDEN = 403;
    private static final int GET_ONLY = 405;
    private static final int NOT_FOUND = 404;
    private static final int NOT_READY = 503;

    /** An address or {@code localhost}, possibly with a port. */
    private static final Pattern LOCAL = Pattern.compile(
            "(localhost|[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:]+])(:[0-9]*)?", Pattern.CASE_INSENSITIVE);

    /**
     * The content security policy: the page loads nothing from other sites, runs only its own script, and cannot be
     * framed by other pages.
     */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** Static files: the path, the class whose package has the file, its name and its type. */
    private static final Map<String, PageFile> FILES = Map.of(
            "/", new PageFile(MetricsServer.class, "index.html", "text/html; charset=utf-8"),
            "/live.js", new PageFile(MetricsServer.class, "live.js", "text/javascript; charset=utf-8"),
            "/live.css", new PageFile(MetricsServer.class, "live.css", "text/css; charset=utf-8"),
            "/icon.svg", new PageFile(MetricsServer.class, "icon.svg", "image/svg+xml"),
            "/page.css", new PageFile(HtmlPage.class, "page.css", "text/css; charset=utf-8"));

    private record PageFile(Class<?> beside, String name, String type) {}

    private final ThreadPoolExecutor threads;
    private final EventLog events = new EventLog();
    private final String url;

    /**
     * Whether the address is a loopback address, to which a page of another site could make a browser send requests.
     */
    private final boolean loopback;

    private final Runnable stop;
    private volatile @Nullable Supplier<byte[]> state;
    private volatile @Nullable MetricsHandler metrics;

    private MetricsServer(SocketAddress address) throws IOException {
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(WAITING),
                task -> Thread.ofPlatform().daemon().name("vhost4j-metrics").unstarted(task));
        threads.allowCoreThreadTimeOut(true);
        if (address instanceof UnixDomainSocketAddress unix) {
            UnixHttpServer server = UnixHttpServer.listen(unix.getPath(), this::answer, threads);
            url = "unix:" + unix.getPath();
            loopback = false;
            stop = server::close;
        } else {
            InetSocketAddress internet = (InetSocketAddress) address;
            HttpServer server = HttpServer.create(internet, 0);
            server.setExecutor(threads);
            url = url(server.getAddress());
            loopback = internet.getAddress().isLoopbackAddress();
            stop = () -> server.stop(0);
            server.createContext("/", this::answer);
            server.start();
        }
    }

    /**
     * Binds the address. Requests are answered with status 503 until {@link #serve} is called.
     *
     * @param option the option's value
     * @return the server
     * @throws IOException when it cannot listen on the address; the message is one clause for the user
     * @throws IllegalArgumentException when the value is invalid; the message is for the user
     */
    public static MetricsServer listen(String option) throws IOException {
        // Limits the time for which a client that sends or reads nothing occupies a thread, and the number of
        // connections.
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "30");
        System.setProperty("jdk.httpserver.maxConnections", "64");
        SocketAddress address = MetricsOption.parse(option);
        try {
            return new MetricsServer(address);
        } catch (BindException e) {
            throw new IOException(words(String.valueOf(e.getMessage())), e);
        }
    }

    private static String words(String message) {
        return message.contains("in use") ? "another program listens there" : message;
    }

    /**
     * Returns the URL of the page.
     *
     * @return the URL, with an address instead of a host name and with the actual port; {@code unix:PATH} on a Unix
     *     socket
     */
    public String url() {
        return url;
    }

    private static String url(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return "http://" + (address.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":"
                + address.getPort() + "/";
    }

    /**
     * Returns the log of events that the page shows.
     *
     * @return the log, to be registered as a listener of the back-end
     */
    public EventLog events() {
        return events;
    }

    /**
     * Starts to answer requests.
     *
     * @param served the back-end that the answers describe
     */
    public void serve(Served served) {
        PrometheusRegistry registry = new PrometheusRegistry();
        registry.register(new BackendMetrics(served));
        PageState page = new PageState(served, events);
        state = () -> page.json().toString().getBytes(StandardCharsets.UTF_8);
        metrics = new MetricsHandler(registry);
    }

    private void answer(HttpExchange exchange) throws IOException {
        MetricsHandler handler = metrics;
        if (handler == null || !"/metrics".equals(exchange.getRequestURI().getPath())) {
            file(exchange);
        } else if (allowed(exchange)) {
            handler.handle(exchange);
        }
    }

    /** Returns whether a request is allowed; otherwise it was refused. */
    private boolean allowed(HttpExchange exchange) throws IOException {
        if (!isNamed(exchange)) {
            refuse(exchange, FORBIDDEN, "a request to a loopback address must name that address or localhost");
            return false;
        }
        String method = exchange.getRequestMethod();
        if (method.equals("GET") || method.equals("HEAD")) {
            return true;
        }
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        refuse(exchange, GET_ONLY, "only GET and HEAD");
        return false;
    }

    /**
     * Returns whether the Host header of a request names this host. A page of another site can let its own name resolve
     * to the loopback address, and would then read the responses in a browser on this host (DNS rebinding).
     */
    private boolean isNamed(HttpExchange exchange) {
        String host = exchange.getRequestHeaders().getFirst("Host");
        return host == null || !loopback || LOCAL.matcher(host).matches();
    }

    private static void refuse(HttpExchange exchange, int status, String why) throws IOException {
        answer(exchange, status, "text/plain; charset=utf-8", (why + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private void file(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!allowed(exchange)) {
                return;
            }
            String path = exchange.getRequestURI().getPath();
            PageFile file = path == null ? null : FILES.get(path);
            if (file != null) {
                exchange.getResponseHeaders().set("Cache-Control", "no-cache");
                answer(exchange, 200, file.type, bytes(file));
            } else if ("/state.json".equals(path)) {
                exchange.getResponseHeaders().set("Cache-Control", "no-store");
                Supplier<byte[]> now = state;
                if (now == null) {
                    refuse(exchange, NOT_READY, "the back-end is starting");
                } else {
                    answer(exchange, 200, "application/json", now.get());
                }
            } else if ("/metrics".equals(path)) {
                refuse(exchange, NOT_READY, "the back-end is starting");
            } else {
                refuse(exchange, NOT_FOUND, "there is no such page");
            }
        }
    }

    private static byte[] bytes(PageFile file) throws IOException {
        try (InputStream in = file.beside.getResourceAsStream(file.name)) {
            if (in == null) {
                throw new IllegalStateException("the archive lacks " + file.name);
            }
            return in.readAllBytes();
        }
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        var headers = exchange.getResponseHeaders();
        headers.set("Content-Type", type);
        headers.set("Content-Security-Policy", POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head ? -1 : body.length);
        if (!head) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    /** Closes the server at once: requests in progress are aborted. */
    @Override
    public void close() {
        stop.run();
        threads.shutdownNow();
    }
}
