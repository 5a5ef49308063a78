// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.vhost4j.guests.lab.GuestFailure;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of a QEMU's monitor (QMP). Belongs to one thread at a time. */
final class Monitor implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long LOOK_NANOS = 5_000_000;

    private final String name;
    private final SocketChannel channel;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
    private final StringBuilder text = new StringBuilder();
    private final Deque<String> states = new ArrayDeque<>();

    /**
     * Connects to a monitor as soon as it listens.
     *
     * @param name name of the QEMU, for messages
     * @param socket path of the socket on which it listens, or will listen
     * @param alive returns whether that QEMU still runs
     * @throws IOException when it does not answer
     */
    Monitor(String name, Path socket, BooleanSupplier alive) throws IOException {
        this.name = name;
        channel = connect(socket, alive);
        selector = Selector.open();
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
        execute("qmp_capabilities", "{}");
    }

    private static SocketChannel connect(Path socket, BooleanSupplier alive) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException e) {
                channel.close();
                if (!alive.getAsBoolean() || System.nanoTime() > deadline) {
                    throw e;
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    /**
     * Executes a command.
     *
     * @param command name of the command
     * @param arguments a JSON object
     * @return the returned value
     * @throws GuestFailure when QEMU refuses, does not answer within a minute, or is gone
     */
    JsonNode execute(String command, String arguments) {
        send("{\"execute\":\"" + command + "\",\"arguments\":" + arguments + "}\n");
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            JsonNode message = next(command, deadline);
            if (message.has("return")) {
                return message.get("return");
            } else if (message.has("error")) {
                throw new GuestFailure(name + ": " + command + ": " + message.get("error"));
            }
        }
    }

    /**
     * Waits until the migration is in one of these states. States before the last call are ignored.
     *
     * @param wanted the states, such as {@code completed}
     * @param patience maximum time to wait
     * @return the state
     * @throws GuestFailure when it reaches none of them
     */
    String awaitMigration(Set<String> wanted, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            while (!states.isEmpty()) {
                String state = states.removeFirst();
                if (wanted.contains(state)) {
                    return state;
                }
            }
            next("migration to be " + wanted, deadline);
        }
    }

    private JsonNode next(String waitingFor, long deadline) {
        JsonNode message = MAPPER.readTree(line(waitingFor, deadline));
        if (message.path("event").asString("").equals("MIGRATION")) {
            states.add(message.get("data").get("status").asString());
        }
        return message;
    }

    private String line(String waitingFor, long deadline) {
        try {
            while (true) {
                int end = text.indexOf("\n");
                if (end >= 0) {
                    String line = text.substring(0, end);
                    text.delete(0, end + 1);
                    return line;
                }
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new GuestFailure(name + ": no end of waiting for " + waitingFor);
                }
                selector.select(left);
                selector.selectedKeys().clear();
                buffer.clear();
                if (channel.read(buffer) < 0) {
                    throw new GuestFailure(name + " is gone, waiting for " + waitingFor);
                }
                text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
            }
        } catch (IOException e) {
            throw new GuestFailure(name + ": " + waitingFor + ": " + e.getMessage());
        }
    }

    private void send(String line) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(line);
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new GuestFailure(name + ": " + line.strip() + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            selector.close();
            channel.close();
        } catch (IOException e) {
            // The connection is closed already.
        }
    }
}
