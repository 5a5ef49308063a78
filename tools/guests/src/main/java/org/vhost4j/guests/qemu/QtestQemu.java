// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A QEMU whose processor halts immediately, and whose devices are accessed through QEMU's qtest protocol, so that reads return exactly the
 * values that a guest's driver would read. The virtual machine runs, so that QEMU starts a device when DRIVER_OK is set. QEMU is killed
 * after two minutes.
 */
public final class QtestQemu implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final int SLOTS = 32;
    private static final long PATIENCE_SECONDS = 60;
    /** Maximum lifetime of a QEMU in seconds, in case it hangs. */
    private static final long LIFETIME_SECONDS = 120;

    private final Path directory;
    private final Board board;
    private final Process process;
    private final BufferedReader qtestIn;
    private final BufferedWriter qtestOut;
    private final SocketChannel qmp;
    private final BufferedReader qmpIn;

    /**
     * Starts QEMU.
     *
     * @param executable the path of the executable
     * @param directory a directory for the sockets and the log of this QEMU only
     * @param machine the machine type
     * @param arguments further arguments
     * @throws IOException when QEMU does not start; the message contains its output
     */
    public QtestQemu(Path executable, Path directory, String machine, List<String> arguments) throws IOException {
        this.directory = directory;
        board = Board.of(machine);
        Path control = directory.resolve("qmp.sock");
        List<String> command = new ArrayList<>(List.of(
                // QEMU must not outlive this process.
                "setpriv",
                "--pdeathsig",
                "KILL",
                executable.toString(),
                "-machine",
                machine,
                // TCG is used, because Debian's QEMUs lack the accelerator "qtest", which runs no guest code.
                "-accel",
                "tcg",
                "-bios",
                firmware(directory, board).toString(),
                "-nodefaults",
                "-display",
                "none",
                "-qtest",
                "stdio",
                "-qtest-log",
                "none",
                "-qmp",
                "unix:" + control + ",server=on,wait=off"));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(directory.resolve("log").toFile())
                .start();
        CompletableFuture.delayedExecutor(LIFETIME_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
        qtestIn = process.inputReader(StandardCharsets.US_ASCII);
        qtestOut = process.outputWriter(StandardCharsets.US_ASCII);
        try {
            // The first answer on qtest arrives when the machine is complete, and the socket exists by then.
            qtest("endianness");
            qmp = SocketChannel.open(StandardProtocolFamily.UNIX);
            qmp.connect(UnixDomainSocketAddress.of(control));
            qmpIn = new BufferedReader(Channels.newReader(qmp, StandardCharsets.UTF_8));
            execute("{\"execute\":\"qmp_capabilities\"}");
        } catch (IOException e) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + ": " + log(), e);
        }
    }

    private static Path firmware(Path directory, Board board) throws IOException {
        return Files.write(directory.resolve("halt.bin"), board.firmware());
    }

    /** Returns the board of its machine. */
    Board board() {
        return board;
    }

    /**
     * Returns what QEMU has written to standard error so far.
     *
     * @return the text
     * @throws IOException when the log cannot be read
     */
    public String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    /**
     * Waits until QEMU ends.
     *
     * @return the exit status of QEMU
     * @throws InterruptedException when this thread is interrupted
     */
    public int await() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("QEMU does not end");
        }
        return process.exitValue();
    }

    /**
     * Executes a QMP command; events that arrive meanwhile are ignored.
     *
     * @param command the command, as JSON
     * @return what the command returned
     * @throws IOException when QEMU has ended or reports an error
     */
    public JsonNode execute(String command) throws IOException {
        qmp.write(StandardCharsets.UTF_8.encode(command + "\n"));
        for (String line = qmpIn.readLine(); line != null; line = qmpIn.readLine()) {
            JsonNode answer = MAPPER.readTree(line);
            if (answer.has("return")) {
                return answer.get("return");
            } else if (answer.has("error")) {
                throw new IOException(command + ": " + answer.get("error"));
            }
        }
        throw new IOException("QEMU ended: " + log());
    }

    /**
     * Returns the only virtio device on the root bus, in any slot.
     *
     * @return the device
     * @throws IOException when there is none, or QEMU has ended
     */
    public VirtioPci device() throws IOException {
        for (int slot = 0; slot < SLOTS; slot++) {
            VirtioPci device = new VirtioPci(this, slot);
            if (device.isThere()) {
                return device;
            }
        }
        throw new IOException("there is no virtio device");
    }

    /**
     * Returns the virtio device in a slot of the root bus.
     *
     * @param slot the number of the slot, 0 to 31
     * @return the device
     * @throws IOException when there is none, or QEMU has ended
     */
    public VirtioPci device(int slot) throws IOException {
        VirtioPci device = new VirtioPci(this, slot);
        if (!device.isThere()) {
            throw new IOException("there is no virtio device in slot " + slot);
        }
        return device;
    }

    /**
     * Executes a qtest command.
     *
     * @param command the command, such as {@code readl 0xe0000000}
     * @return the number in the answer, or 0 when there is none
     * @throws IOException when QEMU is gone or refuses
     */
    long qtest(String command) throws IOException {
        qtestOut.write(command + "\n");
        qtestOut.flush();
        String answer = qtestIn.readLine();
        if (answer == null || !answer.startsWith("OK")) {
            throw new IOException(command + ": " + answer + " " + log());
        }
        String value = answer.substring(2).strip();
        return value.startsWith("0x") ? Long.parseUnsignedLong(value.substring(2), 16) : 0;
    }

    /** Kills QEMU. */
    @Override
    public void close() throws IOException {
        qmp.close();
        process.destroyForcibly();
        process.onExit().join();
    }
}
