// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A dpdk-testpmd process in interactive mode. Its ports are either virtio-user drivers, that is front-ends without guests, or vhost
 * back-ends. Both of its threads, one of which only waits for commands, share one core. It needs no huge pages.
 */
public final class Testpmd implements AutoCloseable {
    /** The program's name. */
    public static final String PROGRAM = "dpdk-testpmd";
    /** The instruction for users when the program is not installed. */
    public static final String REMEDY = "run tools/lab/provision";

    /** The option of a back-end's port that enables postcopy migration of its guest. */
    public static final String POSTCOPY = "postcopy-support=1";

    private static final String PROMPT = "testpmd> ";
    private static final int BUFFERS = 24576;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Child child;
    private final String version;

    private Testpmd(Child child) throws IOException {
        this.child = child;
        String start = child.await(PROMPT, PATIENCE);
        Matcher matcher = Pattern.compile("RTE Version: '(.+?)'").matcher(start);
        this.version = matcher.find() ? matcher.group(1) : "DPDK of unknown version";
        if (start.contains("No probed ethernet devices")) {
            String reason = start.lines()
                    .filter(line -> line.contains("virtio_user") || line.contains("vhost"))
                    .findFirst()
                    .orElse("it does not say why");
            throw new IOException(PROGRAM + " has no port: " + reason.strip());
        }
    }

    /**
     * The kind of rings that a front-end requests. The negotiated kind also depends on the features that the back-end offers.
     *
     * @param packed whether the rings are packed
     * @param inOrder whether the front-end accepts IN_ORDER
     * @param vectorized whether DPDK may use vectorized code, if it has any for these rings
     */
    public record Ring(boolean packed, boolean inOrder, boolean vectorized) {
        /** Split rings without IN_ORDER. The driver runs the same code with every back-end, regardless of the offered features. */
        public static final Ring SPLIT = new Ring(false, false, false);
        /** Packed rings without IN_ORDER. */
        public static final Ring PACKED = new Ring(true, false, false);
    }

    /**
     * The configuration of a front-end.
     *
     * @param sockets the paths of the sockets that a back-end listens on, one for each port
     * @param queues the number of queue pairs of each port
     * @param mergeable whether the front-end accepts MRG_RXBUF
     * @param ringSize the number of descriptors of each ring
     * @param ring the kind of rings
     * @param mode testpmd's forwarding mode, such as {@code txonly}, {@code rxonly} or {@code io}
     * @param more further arguments of testpmd
     */
    public record FrontEnd(
            List<Path> sockets,
            int queues,
            boolean mergeable,
            int ringSize,
            Ring ring,
            String mode,
            List<String> more) {
        /** Copies the lists. */
        public FrontEnd {
            sockets = List.copyOf(sockets);
            more = List.copyOf(more);
        }
    }

    /**
     * Starts a front-end.
     *
     * @param children the object that owns the process
     * @param core the number of the core that testpmd runs on
     * @param frontEnd the configuration of the front-end
     * @return the front-end, attached, and idle until it receives the command {@code start}
     * @throws IOException when testpmd does not start or cannot attach
     */
    public static Testpmd frontEnd(Children children, int core, FrontEnd frontEnd) throws IOException {
        Ring ring = frontEnd.ring();
        List<String> devices = new ArrayList<>();
        for (Path socket : frontEnd.sockets()) {
            devices.add(
                    "net_virtio_user%d,path=%s,queues=%d,queue_size=%d,mrg_rxbuf=%d,in_order=%d,packed_vq=%d,vectorized=%d"
                            .formatted(
                                    devices.size(),
                                    socket,
                                    frontEnd.queues(),
                                    frontEnd.ringSize(),
                                    frontEnd.mergeable() ? 1 : 0,
                                    ring.inOrder() ? 1 : 0,
                                    ring.packed() ? 1 : 0,
                                    ring.vectorized() ? 1 : 0));
        }
        List<String> arguments = new ArrayList<>(List.of(
                "--forward-mode=" + frontEnd.mode(), "--rxq=" + frontEnd.queues(), "--txq=" + frontEnd.queues()));
        if (frontEnd.queues() > 1) {
            // With several flows, because otherwise every frame would be steered to the same queue at the other end.
            arguments.add("--txonly-multi-flow");
        }
        arguments.addAll(frontEnd.more());
        return start(children, "the front-end", PROGRAM, core, devices, arguments);
    }

    /**
     * Starts a back-end that listens and forwards.
     *
     * @param children the object that owns the process
     * @param core the number of the core that testpmd runs on
     * @param program path of dpdk-testpmd
     * @param sockets sockets on which it listens, one for each port
     * @param queues number of queue pairs of each port
     * @param mode testpmd's forwarding mode
     * @return the running back-end
     * @throws IOException when it does not start
     */
    static Testpmd backEnd(Children children, int core, String program, List<Path> sockets, int queues, String mode)
            throws IOException {
        List<String> devices = new ArrayList<>();
        for (Path socket : sockets) {
            devices.add("net_vhost%d,iface=%s,queues=%d".formatted(devices.size(), socket, queues));
        }
        return start(
                children,
                "DPDK's back-end",
                program,
                core,
                devices,
                List.of("--forward-mode=" + mode, "--auto-start", "--rxq=" + queues, "--txq=" + queues));
    }

    /**
     * Starts a back-end with one port and one queue pair, which forwards frames.
     *
     * @param children the object that owns the process
     * @param core the number of the core that testpmd runs on
     * @param socket the path of the socket to listen on
     * @param mode testpmd's forwarding mode, such as {@code txonly}, {@code rxonly} or {@code io}
     * @param options options of the port, such as {@link #POSTCOPY}; with {@code client=1} the port connects to the socket instead of
     *     listening
     * @return the running back-end
     * @throws IOException when testpmd does not start
     */
    public static Testpmd backEnd(Children children, int core, Path socket, String mode, String... options)
            throws IOException {
        List<String> device = new ArrayList<>(List.of("net_vhost0", "iface=" + socket, "queues=1"));
        device.addAll(List.of(options));
        List<String> arguments = new ArrayList<>(List.of("--forward-mode=" + mode, "--auto-start"));
        if (device.contains(POSTCOPY)) {
            // Otherwise the kernel would fetch all guest memory at once, unconditionally.
            arguments.add("--no-mlockall");
        }
        return start(children, "DPDK's back-end", PROGRAM, core, List.of(String.join(",", device)), arguments);
    }

    private static Testpmd start(
            Children children, String name, String program, int core, List<String> devices, List<String> arguments)
            throws IOException {
        // Line buffering, so that its output is not buffered until it ends.
        List<String> command = new ArrayList<>(List.of(
                "stdbuf",
                "-oL",
                program,
                "-v",
                "--no-huge",
                "-m",
                "256",
                "--no-pci",
                "--no-shconf",
                "--no-telemetry",
                "--lcores=0@%d,1@%d".formatted(core, core)));
        devices.forEach(device -> command.add("--vdev=" + device));
        command.addAll(List.of("--", "--interactive", "--total-num-mbufs=" + BUFFERS));
        command.addAll(arguments);
        Child child = children.start(name, core, command);
        try {
            return new Testpmd(child);
        } catch (IOException e) {
            child.close();
            throw e;
        }
    }

    /**
     * Returns the DPDK version.
     *
     * @return the name and version, such as {@code DPDK 22.11.6}
     */
    public String version() {
        return version;
    }

    /**
     * Runs a command of testpmd.
     *
     * @param command the command line
     * @return the output of the command
     * @throws IOException when the command does not end in time
     */
    public String command(String command) throws IOException {
        child.say(command);
        return child.await(PROMPT, PATIENCE);
    }

    /**
     * Reads the ports' counters.
     *
     * @return the figures of all ports together; the rates are those since the previous call
     * @throws IOException when testpmd does not answer
     */
    public PortStats stats() throws IOException {
        return PortStats.parse(command("show port stats all"));
    }

    /**
     * Ends testpmd with its {@code quit} command: the port is stopped and the device is reset.
     *
     * @return the exit status of testpmd
     * @throws IOException when testpmd does not end in time
     */
    public int quit() throws IOException {
        child.say("quit");
        return child.exit(PATIENCE);
    }

    Child child() {
        return child;
    }

    @Override
    public void close() {
        child.close();
    }
}
