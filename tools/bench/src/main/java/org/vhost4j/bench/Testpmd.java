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
 * A dpdk-testpmd in interactive mode: its ports are virtio-user drivers, that is front-ends without guests, or vhost
 * back-ends. Both its threads, of which one only waits for commands, share one core. It needs no huge pages.
 */
public final class Testpmd implements AutoCloseable {
    /** The program's name. */
    public static final String PROGRAM = "dpdk-testpmd";
    /** What to do when it is not there. */
    public static final String REMEDY = "run tools/lab/provision";

    /** Option of a back-end: guests may arrive by postcopy migration. */
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
     * What kind of rings a front-end has, as far as the back-end can serve them.
     *
     * @param packed whether they are packed
     * @param inOrder whether it accepts IN_ORDER
     * @param vectorized whether it may use its vector code, where it has some for the other choices
     */
    public record Ring(boolean packed, boolean inOrder, boolean vectorized) {
        /** Split. Out of order: every back-end meets the same code of the driver, whatever it offers. */
        public static final Ring SPLIT = new Ring(false, false, false);
        /** Packed, out of order. */
        public static final Ring PACKED = new Ring(true, false, false);
    }

    /**
     * A front-end.
     *
     * @param sockets where a back-end listens, one for each port
     * @param queues queue pairs of each
     * @param mergeable whether it accepts MRG_RXBUF
     * @param ringSize descriptors of a ring
     * @param ring of which kind
     * @param mode what it does with frames: {@code txonly}, {@code rxonly}, {@code io} and so on
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
     * @param children whose it is
     * @param core where it runs
     * @param frontEnd what it is
     * @return attached, idle until it is told {@code start}
     * @throws IOException when it does not start or cannot attach
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
            // Otherwise every frame takes the same way at the other end.
            arguments.add("--txonly-multi-flow");
        }
        arguments.addAll(frontEnd.more());
        return start(children, "the front-end", PROGRAM, core, devices, arguments);
    }

    /**
     * Starts a back-end, listening and forwarding.
     *
     * @param children whose it is
     * @param core where it runs
     * @param program which dpdk-testpmd
     * @param sockets where it listens, one for each port
     * @param queues queue pairs of each
     * @param mode what it does with frames
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
     * Starts a back-end with one port and one queue pair, forwarding.
     *
     * @param children whose it is
     * @param core where it runs
     * @param socket where it listens
     * @param mode what it does with frames
     * @param options of the port, such as {@link #POSTCOPY}; with {@code client=1} it connects to the socket
     * @return the running back-end
     * @throws IOException when it does not start
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
        // Line buffering: what it prints must not stay with it until it ends.
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
     * Which DPDK this is.
     *
     * @return such as {@code DPDK 22.11.6}
     */
    public String version() {
        return version;
    }

    /**
     * Runs a command.
     *
     * @param command in testpmd's language
     * @return what it printed
     * @throws IOException when it does not come to its end
     */
    public String command(String command) throws IOException {
        child.say(command);
        return child.await(PROMPT, PATIENCE);
    }

    /**
     * Reads the ports' counters.
     *
     * @return the figures of all ports together, with rates since the last call
     * @throws IOException when it does not answer
     */
    public PortStats stats() throws IOException {
        return PortStats.parse(command("show port stats all"));
    }

    /**
     * Ends testpmd as its own command does: the port is stopped and the device reset.
     *
     * @return its exit status
     * @throws IOException when it does not end
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
