// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A guest of the lab: a QEMU process, and the agent in the guest (its protocol is in {@code tools/lab/README.md}). An object is used by one
 * thread at a time.
 */
public final class Guest implements AutoCloseable {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final long HELLO_NANOS = Duration.ofSeconds(1).toNanos();

    private final String name;
    private final Process qemu;
    private final Path log;
    private final SocketChannel agent;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocate(65536);
    private final StringBuilder text = new StringBuilder();
    private int commands;

    private Guest(String name, Process qemu, Path log, SocketChannel agent, Selector selector) {
        this.name = name;
        this.qemu = qemu;
        this.log = log;
        this.agent = agent;
        this.selector = selector;
    }

    /**
     * Boots a guest and waits until its agent answers.
     *
     * @param lab the lab, which has been provisioned
     * @param name the name of the guest and of its files
     * @param directory the directory for control socket, console and log
     * @param options options of {@code tools/lab/guest}, such as {@code --qemu stock}
     * @param qemuArguments further arguments of QEMU
     * @return the guest, whose agent answers
     * @throws IOException when the process or its socket fails
     */
    public static Guest boot(Lab lab, String name, Path directory, List<String> options, List<String> qemuArguments)
            throws IOException {
        Guest guest = start(lab, name, directory, options, qemuArguments);
        try {
            guest.waitUntilUp();
            return guest;
        } catch (IOException | RuntimeException e) {
            guest.close();
            throw e;
        }
    }

    /**
     * Starts a guest without waiting for it, so that several guests can boot at the same time.
     *
     * @param lab the lab, which has been provisioned
     * @param name the name of the guest and of its files
     * @param directory the directory for control socket, console and log
     * @param options options of {@code tools/lab/guest}, such as {@code --qemu stock}
     * @param qemuArguments further arguments of QEMU
     * @return the guest, which boots; see {@link #waitUntilUp}
     * @throws IOException when the process or its socket fails
     */
    public static Guest start(Lab lab, String name, Path directory, List<String> options, List<String> qemuArguments)
            throws IOException {
        return start(lab, List.of(), name, directory, options, qemuArguments);
    }

    /**
     * Starts a guest through another program, such as one that confines it to a processor or a network namespace.
     *
     * @param lab the lab, which has been provisioned
     * @param before the other program and its arguments; it replaces itself with the program that its last arguments name
     * @param name the name of the guest and of its files
     * @param directory the directory for control socket, console and log
     * @param options options of {@code tools/lab/guest}, such as {@code --qemu stock}
     * @param qemuArguments further arguments of QEMU
     * @return the guest, which boots; see {@link #waitUntilUp}
     * @throws IOException when the process or its socket fails
     */
    public static Guest start(
            Lab lab, List<String> before, String name, Path directory, List<String> options, List<String> qemuArguments)
            throws IOException {
        Path socket = directory.resolve(name + ".agent");
        Path log = directory.resolve(name + ".log");
        List<String> command = new ArrayList<>(before);
        command.addAll(lab.guestCommand("--name", name, "--socket", socket.toString()));
        command.addAll(options);
        command.add("--");
        command.addAll(qemuArguments);
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            SocketChannel agent = connect(name, qemu, socket, log);
            agent.configureBlocking(false);
            Selector selector = Selector.open();
            agent.register(selector, SelectionKey.OP_READ);
            return new Guest(name, qemu, log, agent, selector);
        } catch (IOException | RuntimeException e) {
            qemu.destroyForcibly();
            throw e;
        }
    }

    private static SocketChannel connect(String name, Process qemu, Path socket, Path log) throws IOException {
        long deadline = System.nanoTime() + BOOT.toNanos();
        while (true) {
            try {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                try {
                    channel.connect(UnixDomainSocketAddress.of(socket));
                    return channel;
                } catch (IOException e) {
                    channel.close();
                    if (!qemu.isAlive() || System.nanoTime() > deadline) {
                        throw new GuestFailure(name + " did not start: "
                                + Files.readString(log).strip());
                    }
                    boolean unused = qemu.waitFor(20, TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new GuestFailure(name + ": interrupted");
            }
        }
    }

    /**
     * Waits until the guest's agent answers.
     *
     * @throws IOException when the control socket fails
     * @throws GuestFailure when the agent does not answer within some minutes
     */
    public void waitUntilUp() throws IOException {
        long deadline = System.nanoTime() + BOOT.toNanos();
        while (System.nanoTime() < deadline) {
            send("\nHELLO\n");
            long until = System.nanoTime() + HELLO_NANOS;
            String line = nextLine(until);
            while (line != null) {
                if (line.equals("READY")) {
                    return;
                }
                line = nextLine(until);
            }
        }
        throw new GuestFailure(name + " is not up after " + BOOT.toSeconds() + " s");
    }

    /**
     * Runs a command in the guest's shell and waits for its end.
     *
     * @param command the command line
     * @param limit the maximum time for the command
     * @return the exit status and the output
     * @throws GuestFailure when the command does not end in time or the guest is gone
     */
    public CommandResult run(String command, Duration limit) {
        if (command.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("a command is one line");
        }
        commands++;
        String id = Integer.toString(commands);
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            send("RUN " + id + " " + command + "\n");
            StringBuilder output = new StringBuilder();
            boolean begun = false;
            while (true) {
                String line = nextLine(deadline);
                if (line == null) {
                    throw new GuestFailure("%s: no end of '%s' within %d s; so far: %s"
                            .formatted(
                                    name,
                                    command,
                                    limit.toSeconds(),
                                    output.toString().strip()));
                }
                if (line.equals("BEGIN " + id)) {
                    begun = true;
                } else if (begun && line.startsWith(" ")) {
                    output.append(line, 1, line.length()).append('\n');
                } else if (line.startsWith("END " + id + " ")) {
                    int status = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
                    return new CommandResult(command, status, output.toString());
                }
            }
        } catch (IOException e) {
            throw new GuestFailure(name + ": '" + command + "': " + e.getMessage());
        }
    }

    /**
     * Runs a command that must succeed within a minute; otherwise throws {@link GuestFailure}.
     *
     * @param command the command line
     * @return the output of the command
     */
    public String must(String command) {
        return run(command, Duration.ofMinutes(1)).orFail();
    }

    /**
     * Returns the guest's name.
     *
     * @return the name, as given
     */
    public String name() {
        return name;
    }

    /**
     * Returns the output of QEMU so far.
     *
     * @return the standard output and error
     * @throws IOException when the log cannot be read
     */
    public String qemuLog() throws IOException {
        return Files.readString(log);
    }

    /**
     * Returns whether QEMU runs.
     *
     * @return false when it has ended
     */
    public boolean isAlive() {
        return qemu.isAlive();
    }

    /**
     * Returns QEMU's process ID.
     *
     * @return the ID
     */
    public long pid() {
        return qemu.pid();
    }

    /** Kills QEMU immediately (SIGKILL), to simulate a crash, or to end the call of another thread that waits for the guest. */
    public void kill() {
        qemu.destroyForcibly();
        await();
    }

    @Override
    public void close() {
        try {
            selector.close();
            agent.close();
        } catch (IOException e) {
            // The process is killed next, which closes the connection.
        }
        qemu.destroy();
        await();
    }

    private void await() {
        try {
            if (!qemu.waitFor(5, TimeUnit.SECONDS)) {
                qemu.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            qemu.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void send(String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                agent.write(bytes);
            }
        } catch (IOException e) {
            throw new GuestFailure(
                    name + " is gone (" + e.getMessage() + "): " + qemuLog().strip());
        }
    }

    /** Returns the next line without its end, or null when there is none until the deadline. */
    private @Nullable String nextLine(long deadline) throws IOException {
        while (true) {
            int end = text.indexOf("\n");
            if (end >= 0) {
                String line = text.substring(0, end);
                text.delete(0, end + 1);
                return line;
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return null;
            }
            selector.select(left);
            selector.selectedKeys().clear();
            buffer.clear();
            if (agent.read(buffer) < 0) {
                throw new GuestFailure(name + " is gone: " + qemuLog().strip());
            }
            buffer.flip();
            text.append(StandardCharsets.UTF_8.decode(buffer));
        }
    }
}
