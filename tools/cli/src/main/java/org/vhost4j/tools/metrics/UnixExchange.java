// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP request on a Unix socket and its response (RFC 9112). The connection is closed after the response, which
 * therefore needs no length.
 */
final class UnixExchange extends HttpExchange {
    /** Maximum size of a request's line and header in bytes. */
    private static final int MOST = 16 << 10;

    private static final int BAD_REQUEST = 400;

    private final String method;
    private final URI uri;
    private final Headers request;
    private final Headers response = new Headers();
    private final OutputStream out;
    private final Map<String, Object> attributes = new HashMap<>();
    private int status = -1;

    private UnixExchange(String method, URI uri, Headers request, OutputStream out) {
        this.method = method;
        this.uri = uri;
        this.request = request;
        this.out = out;
    }

    /**
     * Reads a request up to the end of its header; a body is not read.
     *
     * @param client a connection
     * @return the request; null when it was invalid and refused
     * @throws IOException when the client does not send a complete request
     */
    static @Nullable UnixExchange read(SocketChannel client) throws IOException {
        InputStream in = Channels.newInputStream(client);
        OutputStream out = Channels.newOutputStream(client);
        byte[] bytes = new byte[MOST];
        int count = 0;
        String head = "";
        while (!head.contains("\r\n\r\n")) {
            int read = count == MOST ? -1 : in.read(bytes, count, MOST - count);
            if (read < 0) {
                return refuse(out);
            }
            count += read;
            head = new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
        }
        String[] lines = head.substring(0, head.indexOf("\r\n\r\n")).split("\r\n", -1);
        String[] parts = lines[0].split(" ", -1);
        Headers headers = new Headers();
        try {
            for (int i = 1; i < lines.length; i++) {
                int colon = lines[i].indexOf(':');
                if (colon <= 0) {
                    return refuse(out);
                }
                headers.add(
                        lines[i].substring(0, colon),
                        lines[i].substring(colon + 1).strip());
            }
            return parts.length == 3 && parts[2].startsWith("HTTP/1.")
                    ? new UnixExchange(parts[0], new URI(parts[1]), headers, out)
                    : refuse(out);
        } catch (URISyntaxException | IllegalArgumentException e) {
            return refuse(out);
        }
    }

    private static @Nullable UnixExchange refuse(OutputStream out) throws IOException {
        out.write(("HTTP/1.1 " + BAD_REQUEST + " Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
        return null;
    }

    @Override
    public Headers getRequestHeaders() {
        return request;
    }

    @Override
    public Headers getResponseHeaders() {
        return response;
    }

    @Override
    public URI getRequestURI() {
        return uri;
    }

    @Override
    public String getRequestMethod() {
        return method;
    }

    /** Not supported: this is not the JDK's server. */
    @Override
    public HttpContext getHttpContext() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            // The client is gone.
        }
    }

    @Override
    public InputStream getRequestBody() {
        return InputStream.nullInputStream();
    }

    @Override
    public OutputStream getResponseBody() {
        return out;
    }

    @Override
    public void sendResponseHeaders(int code, long length) throws IOException {
        status = code;
        StringBuilder text =
                new StringBuilder("HTTP/1.1 ").append(code).append(code < BAD_REQUEST ? " OK" : " Refused");
        response.forEach((name, values) -> values.forEach(
                value -> text.append("\r\n").append(name).append(": ").append(value)));
        boolean known = length > 0 || (length < 0 && !method.equals("HEAD"));
        if (known && !response.containsKey("Content-Length")) {
            text.append("\r\nContent-Length: ").append(Math.max(0, length));
        }
        text.append("\r\nConnection: close\r\n\r\n");
        out.write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Returns null: a client on a Unix socket has no such address. */
    @Override
    public InetSocketAddress getRemoteAddress() {
        return InetSocketAddress.createUnresolved("", 0);
    }

    @Override
    public int getResponseCode() {
        return status;
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return InetSocketAddress.createUnresolved("", 0);
    }

    @Override
    public String getProtocol() {
        return "HTTP/1.1";
    }

    @Override
    public @Nullable Object getAttribute(String name) {
        return attributes.get(name);
    }

    @Override
    public void setAttribute(String name, Object value) {
        attributes.put(name, value);
    }

    /** Not supported: no filter uses these streams. */
    @Override
    public void setStreams(InputStream in, OutputStream to) {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable HttpPrincipal getPrincipal() {
        return null;
    }
}
