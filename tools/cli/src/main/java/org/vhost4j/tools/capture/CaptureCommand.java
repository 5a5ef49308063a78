// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.capture;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.qmp.QmpConnection;
import org.vhost4j.tools.common.Interruption;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code vhost4j capture}: copies frames of a running back-end's guests and ports to a file or a pipe. */
@Command(
        name = "capture",
        description = "Captures frames of a running back-end's guests and ports, in pcapng, until it is interrupted."
                + " Status 0: the capture ended; 1: it failed; 2: it could not begin.",
        mixinStandardHelpOptions = true)
public final class CaptureCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(100);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--qmp",
            required = true,
            paramLabel = "unix:PATH",
            description = "The monitor's socket, as it was given to run --qmp.")
    private String qmp = "";

    @Option(
            names = "--segmented",
            description = "Segments super-frames and completes checksums, as for a receiver without offloads. "
                    + "Without it frames are captured unchanged, with the virtio-net header as a comment.")
    private boolean segmented;

    @Option(
            names = {"-s", "--snapshot-length"},
            paramLabel = "BYTES",
            description = "Bytes captured of each frame, 14 to 262144 (default: all).")
    private @Nullable Integer snapshotLength;

    @Option(
            names = "--file-size",
            paramLabel = "BYTES",
            description = "Starts a new file when this size is reached, 65536 or more.")
    private @Nullable Long fileSize;

    @Option(names = "--files", paramLabel = "N", description = "Keeps the newest N of those files (default: all).")
    private @Nullable Integer files;

    @Option(
            names = "--buffer-size",
            paramLabel = "BYTES",
            description = "Buffer of each lane for frames that are not written yet, 262144 to 1073741824 "
                    + "(default: 8388608).")
    private @Nullable Integer bufferSize;

    @Parameters(index = "0", paramLabel = "NAME[,NAME…]", description = "Guests and ports, as named in events.")
    private String names = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            defaultValue = "-",
            paramLabel = "FILE|-",
            description =
                    "A file that does not exist yet, or a FIFO with a reader; the back-end writes it with its own user ID. - "
                            + "is standard output (default: -).")
    private String file = "-";

    @Parameters(
            index = "2..*",
            arity = "0..*",
            paramLabel = "FILTER",
            description = "A filter for frames, in a subset of pcap's language (docs/capture.md), such as tcp port 80.")
    private List<String> filter = List.of();

    @Override
    public Integer call() throws IOException {
        Path socket = Path.of(qmp.startsWith("unix:") ? qmp.substring("unix:".length()) : qmp);
        if (!file.equals("-")) {
            // Until the monitor greets there is no capture, and a signal ends the process at once. The handler is there
            // before the capture begins, so that a signal always ends the capture in order.
            try (QmpConnection monitor = QmpConnection.open(socket);
                    Interruption interruption = Interruption.watch(PATIENCE)) {
                return run(interruption, monitor, start(monitor, Path.of(file).toAbsolutePath()), null);
            }
        }
        if (isTerminal()) {
            throw new UnsupportedOption(
                    "standard output is a terminal: give FILE, or pipe to a program such as" + " 'wireshark -k -i -'");
        }
        try (QmpConnection monitor = QmpConnection.open(socket);
                Interruption interruption = Interruption.watch(PATIENCE);
                CapturePipe pipe = new CapturePipe(socket)) {
            String id = start(monitor, pipe.path());
            pipe.forgetName();
            return run(interruption, monitor, id, pipe);
        }
    }

    private static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException e) {
            return false;
        }
    }

    private String start(QmpConnection monitor, Path path) throws IOException {
        ObjectNode arguments = JsonNodeFactory.instance.objectNode().put("file", path.toString());
        List.of(names.split(",", -1)).forEach(arguments.putArray("ports")::add);
        if (!filter.isEmpty()) {
            arguments.put("filter", String.join(" ", filter));
        }
        if (segmented) {
            arguments.put("segmented", true);
        }
        put(arguments, "snap-length", snapshotLength);
        put(arguments, "file-size", fileSize);
        put(arguments, "files", files);
        put(arguments, "buffer-size", bufferSize);
        return monitor.execute("capture-start", arguments).path("id").asString();
    }

    private static void put(ObjectNode arguments, String name, @Nullable Number value) {
        if (value != null) {
            arguments.put(name, value.longValue());
        }
    }

    /** Waits for the end of the capture: a signal, the end of the pipe, or a failure. */
    private int run(Interruption interruption, QmpConnection monitor, String id, @Nullable CapturePipe pipe) {
        try {
            if (pipe == null) {
                while (!interruption.requested()
                        && captures(monitor, id).path("running").asBoolean()) {
                    pause();
                }
                return stop(monitor, id);
            }
            Thread copier = Thread.ofPlatform().daemon().start(pipe::copy);
            while (!interruption.requested() && copier.isAlive()) {
                pause();
            }
            int status = stop(monitor, id);
            copier.join();
            return status;
        } catch (IOException e) {
            PrintWriter errors = spec.commandLine().getErr();
            errors.println("vhost4j: " + e.getMessage());
            errors.flush();
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private static JsonNode captures(QmpConnection monitor, String id) throws IOException {
        for (JsonNode capture : monitor.execute("query-captures", JsonNodeFactory.instance.objectNode())) {
            if (capture.path("id").asString().equals(id)) {
                return capture;
            }
        }
        throw new IOException("capture '" + id + "' was stopped by another client");
    }

    private static void pause() throws InterruptedException {
        Thread.sleep(PAUSE);
    }

    /** Ends the capture and prints its counters, as tcpdump does. */
    private int stop(QmpConnection monitor, String id) throws IOException {
        JsonNode end = monitor.execute(
                "capture-stop", JsonNodeFactory.instance.objectNode().put("id", id));
        long seen = 0;
        long dropped = 0;
        for (JsonNode port : end.path("ports")) {
            seen += port.path("seen").asLong();
            dropped += port.path("dropped").asLong();
        }
        PrintWriter errors = spec.commandLine().getErr();
        errors.println(end.path("frames").asLong() + " frames captured, " + seen + " seen, " + dropped
                + " dropped because the buffer was full");
        if (end.has("failure")) {
            errors.println("vhost4j: " + end.path("failure").asString());
        }
        errors.flush();
        return end.has("failure") ? 1 : 0;
    }
}
