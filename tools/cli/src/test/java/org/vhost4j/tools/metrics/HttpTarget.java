// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.vhost4j.fuzz.FuzzTarget;

/** What a client of {@code --metrics=unix:PATH} sends before it hangs up. */
public class HttpTarget implements FuzzTarget {
    /** More than a request may have, and less than a socket holds. */
    private static final int MOST = 20 << 10;

    /** A run takes far less than a millisecond. */
    private static final long MOST_MILLISECONDS = 20_000;

    private final Path directory;
    private final ServerSocketChannel server;
    private final ByteBuffer answer = ByteBuffer.allocate(1 << 10);
    private final ScheduledThreadPoolExecutor bound =
            new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().factory());
    private final long milliseconds;
    private volatile boolean late;

    /** Listens. */
    public HttpTarget() {
        this(MOST_MILLISECONDS);
    }

    /** Listens; a run may wait for its request or its answer for so long. */
    HttpTarget(long milliseconds) {
        this.milliseconds = milliseconds;
        bound.setRemoveOnCancelPolicy(true);
        try {
            directory = Files.createTempDirectory("vhost4j-fuzz");
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(directory.resolve("s")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "http";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                ascii("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;q=0.5\r\n\r\n"),
                ascii("HEAD / HTTP/1.0\r\n\r\nmore"),
                ascii("POST /a?b=%20#c HTTP/1.1\r\nContent-Length: 5\r\nX : \t1\r\n\r\nhello"),
                ascii("GET http://[::1]/ HTTP/2\r\n\r\n"),
                ascii("GET / HTTP/1.1\r\n: \r\n\r\n"),
                ascii("GET /" + "a".repeat(17_000)));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void run(byte[] bytes) throws IOException {
        try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
                SocketChannel served = server.accept()) {
            late = false;
            Future<?> watch = bound.schedule(() -> hangUp(client, served), milliseconds, TimeUnit.MILLISECONDS);
            try {
                exchange(client, served, bytes);
            } catch (IOException | AssertionError e) {
                if (late) {
                    throw new AssertionError("no answer within " + milliseconds + " ms", e);
                }
                throw e;
            } finally {
                watch.cancel(false);
            }
        }
    }

    /** Ends calls that wait for the connection. */
    private void hangUp(SocketChannel client, SocketChannel served) {
        late = true;
        try (client;
                served) {
            return;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The request and its answer. */
    void exchange(SocketChannel client, SocketChannel served, byte[] bytes) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(bytes, 0, Math.min(MOST, bytes.length));
        while (all.hasRemaining()) {
            client.write(all);
        }
        client.shutdownOutput();
        UnixExchange exchange = UnixExchange.read(served);
        if (exchange != null) {
            FuzzTarget.require(exchange.getRequestMethod().indexOf(' ') < 0, "a method with a space");
            exchange.getRequestURI().getPath();
            exchange.sendResponseHeaders(405, -1);
            exchange.close();
        }
        answer.clear();
        client.read(answer);
        String line = new String(answer.array(), 0, answer.position(), StandardCharsets.ISO_8859_1);
        FuzzTarget.require(line.startsWith(exchange == null ? "HTTP/1.1 400 " : "HTTP/1.1 405 "), line);
    }

    @Override
    public void close() {
        bound.shutdownNow();
        try {
            server.close();
            Files.delete(directory.resolve("s"));
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
