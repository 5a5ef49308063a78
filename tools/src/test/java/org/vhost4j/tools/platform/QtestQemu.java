// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

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
import java.util.concurrent.TimeUnit;
import org.vhost4j.device.feature.FeatureSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A QEMU whose processor never runs, and whose virtio device is driven through QEMU's qtest protocol: what it says is exactly what
 * a guest's driver would read.
 */
final class QtestQemu implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final long ADDRESS_ENABLE = 0x8000_0000L;
    private static final int SLOTS = 32;
    private static final long VIRTIO_VENDOR = 0x1af4;
    private static final long BAR_ADDRESS = 0xe000_0000L;
    private static final int CAPABILITIES = 0x34;
    private static final int VENDOR_CAPABILITY = 9;
    private static final int COMMON_CONFIG = 1;
    private static final int DEVICE_STATUS = 20;
    private static final long PATIENCE_SECONDS = 60;

    private final Path directory;
    private final Process process;
    private final BufferedReader qtestIn;
    private final BufferedWriter qtestOut;
    private final SocketChannel qmp;
    private final BufferedReader qmpIn;
    private long device;
    private long common;

    /** The QEMUs of the guest lab. */
    enum Which {
        /** Version 11, of Debian's backports. */
        NEW("qemu-11", "-accel qtest"),
        /** Version 10.0, of Debian 13 itself, which comes without the qtest accelerator. */
        OF_DEBIAN_13("qemu-suite", "-accel tcg -S"),
        /** Version 11 for ARM; not to be driven, only to be asked for its machines. */
        ARM("qemu-11-aarch64", "-S");

        private final String program;
        private final String processor;

        Which(String program, String processor) {
            this.program = program;
            this.processor = processor;
        }

        private Path executable() {
            String cache = System.getenv().getOrDefault("VHOST4J_CACHE", "");
            String user = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
            Path lab = (cache.isEmpty() ? Path.of(user, "vhost4j") : Path.of(cache)).resolve("lab");
            Path executable = lab.resolve(program);
            if (!Files.isExecutable(executable)) {
                throw new IllegalStateException("there is no " + executable + ": run tools/lab/provision first");
            }
            return executable;
        }
    }

    /**
     * Starts QEMU.
     *
     * @param which of those that there are
     * @param directory for its sockets and its log; of this QEMU's own
     * @param machine the machine type
     * @param arguments further arguments
     * @throws IOException when it does not start; the message has what it said
     */
    QtestQemu(Which which, Path directory, String machine, List<String> arguments) throws IOException {
        this.directory = directory;
        Path control = directory.resolve("qmp.sock");
        List<String> command = new ArrayList<>(List.of(which.executable().toString(), "-machine", machine));
        command.addAll(List.of(which.processor.split(" ", -1)));
        command.addAll(List.of(
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
        qtestIn = process.inputReader(StandardCharsets.US_ASCII);
        qtestOut = process.outputWriter(StandardCharsets.US_ASCII);
        try {
            // The first answer on qtest comes when the machine is complete, and the socket is there by then.
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

    /**
     * What QEMU wrote on stderr so far.
     *
     * @return the text
     * @throws IOException when it cannot be read
     */
    String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    /**
     * Waits for QEMU's end.
     *
     * @return its exit status
     * @throws InterruptedException when this thread is interrupted
     */
    int await() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("QEMU does not end");
        }
        return process.exitValue();
    }

    /**
     * A QMP command; events in between are skipped.
     *
     * @param command JSON
     * @return what the command returned
     * @throws IOException when QEMU is gone or refuses
     */
    JsonNode execute(String command) throws IOException {
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
     * The feature bits that the device offers to a modern driver, all 128.
     *
     * @return the bits, without those that only a legacy driver sees
     * @throws IOException when QEMU is gone
     */
    FeatureSet offered() throws IOException {
        long[] words = new long[4];
        for (int i = 0; i < words.length; i++) {
            writel(common(), i);
            words[i] = readl(common() + 4);
        }
        return new FeatureSet(words[1] << 32 | words[0], words[3] << 32 | words[2]);
    }

    /**
     * Negotiates as a driver does, up to DRIVER_OK.
     *
     * @param features the bits that the driver takes
     * @throws IOException when QEMU is gone
     */
    void negotiate(FeatureSet features) throws IOException {
        long[] words = {features.low(), features.low() >>> 32, features.high(), features.high() >>> 32};
        writeb(common() + DEVICE_STATUS, 3);
        for (int i = 0; i < words.length; i++) {
            writel(common() + 8, i);
            writel(common() + 12, words[i] & 0xffff_ffffL);
        }
        writeb(common() + DEVICE_STATUS, 3 | 8);
        writeb(common() + DEVICE_STATUS, 3 | 8 | 4);
    }

    /** The only virtio device on the root bus, wherever QEMU has put it. */
    private long find() throws IOException {
        for (int slot = 0; slot < SLOTS; slot++) {
            device = ADDRESS_ENABLE | (long) slot << 11;
            if ((configRead(0) & 0xffff) == VIRTIO_VENDOR) {
                return device;
            }
        }
        throw new IOException("there is no virtio device");
    }

    private long common() throws IOException {
        if (common == 0) {
            device = find();
            int capability = (int) (configRead(CAPABILITIES) & 0xff);
            long head = configRead(capability);
            while ((head & 0xff) != VENDOR_CAPABILITY || head >>> 24 != COMMON_CONFIG) {
                capability = (int) (head >>> 8 & 0xff);
                if (capability == 0) {
                    throw new IOException("the virtio device is not a modern one");
                }
                head = configRead(capability);
            }
            int bar = (int) (configRead(capability + 4) & 0xff);
            configWrite(0x10 + 4 * bar, BAR_ADDRESS);
            configWrite(0x14 + 4 * bar, 0);
            configWrite(4, 6);
            common = BAR_ADDRESS + configRead(capability + 8);
        }
        return common;
    }

    private long configRead(int offset) throws IOException {
        qtest("outl 0xcf8 0x" + Long.toHexString(device | offset));
        return qtest("inl 0xcfc");
    }

    private void configWrite(int offset, long value) throws IOException {
        qtest("outl 0xcf8 0x" + Long.toHexString(device | offset));
        qtest("outl 0xcfc 0x" + Long.toHexString(value));
    }

    private long readl(long address) throws IOException {
        return qtest("readl 0x" + Long.toHexString(address));
    }

    private void writel(long address, long value) throws IOException {
        qtest("writel 0x" + Long.toHexString(address) + " 0x" + Long.toHexString(value));
    }

    private void writeb(long address, int value) throws IOException {
        qtest("writeb 0x" + Long.toHexString(address) + " 0x" + Integer.toHexString(value));
    }

    private long qtest(String command) throws IOException {
        qtestOut.write(command + "\n");
        qtestOut.flush();
        String answer = qtestIn.readLine();
        if (answer == null || !answer.startsWith("OK")) {
            throw new IOException(command + ": " + answer + " " + log());
        }
        String value = answer.substring(2).strip();
        return value.startsWith("0x") ? Long.parseUnsignedLong(value.substring(2), 16) : 0;
    }

    @Override
    public void close() throws IOException {
        qmp.close();
        process.destroyForcibly();
        process.onExit().join();
    }
}
