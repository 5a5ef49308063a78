// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A dpdk-testpmd in interactive mode with one port: a virtio-user driver, that is a front-end without a guest, or a vhost
 * back-end. Both its threads, of which one only waits for commands, share one core. It needs no huge pages.
 */
public final class Testpmd implements AutoCloseable {
    /** The program's name. */
    public static final String PROGRAM = "dpdk-testpmd";
    /** What to do when it is not there. */
    public static final String REMEDY = "run tools/lab/provision";

    private static final String PROMPT = "testpmd> ";
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
     * @param socket where a back-end listens
     * @param queues queue pairs
     * @param mergeable whether it accepts MRG_RXBUF
     * @param ringSize descriptors of a ring
     * @param ring of which kind
     * @param mode what it does with frames: {@code txonly}, {@code rxonly}, {@code io} and so on
     * @param more further arguments of testpmd
     */
    public record FrontEnd(
            Path socket, int queues, boolean mergeable, int ringSize, Ring ring, String mode, List<String> more) {
        /** Copies the list. */
        public FrontEnd {
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
        String device =
                "net_virtio_user0,path=%s,queues=%d,queue_size=%d,mrg_rxbuf=%d,in_order=%d,packed_vq=%d,vectorized=%d"
                        .formatted(
                                frontEnd.socket(),
                                frontEnd.queues(),
                                frontEnd.ringSize(),
                                frontEnd.mergeable() ? 1 : 0,
                                ring.inOrder() ? 1 : 0,
                                ring.packed() ? 1 : 0,
                                ring.vectorized() ? 1 : 0);
        List<String> arguments = new ArrayList<>(List.of(
                "--forward-mode=" + frontEnd.mode(), "--rxq=" + frontEnd.queues(), "--txq=" + frontEnd.queues()));
        arguments.addAll(frontEnd.more());
        return start(children, "the front-end", core, device, arguments);
    }

    /**
     * Starts a back-end, listening and forwarding.
     *
     * @param children whose it is
     * @param core where it runs
     * @param socket where it listens
     * @param mode what it does with frames
     * @return the running back-end
     * @throws IOException when it does not start
     */
    static Testpmd backEnd(Children children, int core, Path socket, String mode) throws IOException {
        return start(
                children,
                "DPDK's back-end",
                core,
                "net_vhost0,iface=" + socket + ",queues=1",
                List.of("--forward-mode=" + mode, "--auto-start"));
    }

    private static Testpmd start(Children children, String name, int core, String device, List<String> arguments)
            throws IOException {
        // Line buffering: what it prints must not stay with it until it ends.
        List<String> command = new ArrayList<>(List.of(
                "stdbuf",
                "-oL",
                PROGRAM,
                "-v",
                "--no-huge",
                "-m",
                "256",
                "--no-pci",
                "--no-shconf",
                "--no-telemetry",
                "--lcores=0@%d,1@%d".formatted(core, core),
                "--vdev=" + device,
                "--",
                "--interactive",
                "--total-num-mbufs=16384"));
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
     * Reads the port's counters.
     *
     * @return the figures, with rates since the last call
     * @throws IOException when it does not answer
     */
    public PortStats stats() throws IOException {
        return PortStats.parse(command("show port stats 0"));
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
