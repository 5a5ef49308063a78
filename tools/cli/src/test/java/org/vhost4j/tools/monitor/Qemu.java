// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.monitor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.frontend.FrontEndSocket;
import org.vhost4j.sys.Await;

/** A QEMU that never runs its guest, with one monitor on an inherited listening socket, as with libvirt. */
final class Qemu implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path socket;
    private final Path log;
    private final Process process;

    /**
     * Starts one.
     *
     * @param directory for its socket and log
     * @param how the first argument of behind.py
     * @param data of the platforms
     * @param program QEMU
     * @param more arguments
     */
    Qemu(Path directory, String how, byte[] data, String program, String... more) throws IOException {
        Path script = directory.resolve("behind.py");
        try (InputStream in = Qemu.class.getResourceAsStream("behind.py")) {
            Files.write(script, in.readAllBytes());
        }
        Path file = Files.write(directory.resolve("data"), data);
        socket = directory.resolve("monitor.sock");
        log = directory.resolve("log");
        List<String> command = new ArrayList<>(
                List.of("python3", script.toString(), how, file.toString(), socket.toString(), program));
        command.addAll(List.of("-machine", "q35", "-accel", "tcg", "-S", "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-m", "64"));
        command.addAll(List.of("-chardev", "socket,id=charmonitor,fd={fd},server=on,wait=off"));
        command.addAll(List.of("-mon", "chardev=charmonitor,id=monitor,mode=control"));
        command.addAll(List.of(more));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    Path socket() {
        return socket;
    }

    Process process() {
        return process;
    }

    /** A client that has read nothing yet. */
    Client connect() throws IOException {
        Await.until("a socket at " + socket, () -> {
            if (!process.isAlive() && process.exitValue() != 0) {
                throw new IOException("QEMU ended: " + Files.readString(log));
            }
            return Files.exists(socket);
        });
        return new Client(FrontEndSocket.connect(socket, PATIENCE));
    }

    /** A client that commands may follow. */
    Client negotiated() throws IOException {
        Client client = connect();
        client.line();
        client.ask("{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}");
        return client;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
