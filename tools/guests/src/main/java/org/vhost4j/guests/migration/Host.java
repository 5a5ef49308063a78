// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.GuestFailure;
import org.vhost4j.guests.lab.Lab;

/** One of the two simulated hosts: a back-end with its TAP, and the QEMU that is attached to it at present, if any. */
final class Host implements AutoCloseable {
    private static final int START_SECONDS = 60;
    private static final long LOOK_MILLIS = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String name;
    private final String qemu;
    private final Lab lab;
    private final Path directory;
    private final Variant variant;
    private final Network network;
    private final BackEndProgram program;
    private final Path log;
    private Process backEnd;
    private Path socket;
    private int qemus;
    private @Nullable Guest guest;
    private @Nullable Monitor monitor;

    /**
     * Starts the back-end, and joins its TAP to the bridge.
     *
     * @param name name of the host, of its TAP and of its files
     * @param qemu name of its QEMU
     * @param lab the lab, which has been provisioned
     * @param directory directory for files
     * @param network the namespace of its TAP
     * @param program the back-end
     * @param variant properties of the guest
     * @throws IOException when it does not start
     */
    Host(String name, String qemu, Lab lab, Path directory, Network network, BackEndProgram program, Variant variant)
            throws IOException {
        this.name = name;
        this.qemu = qemu;
        this.lab = lab;
        this.directory = directory;
        this.variant = variant;
        this.network = network;
        this.program = program;
        socket = directory.resolve(name + ".vhost");
        log = directory.resolve(name + ".backend.log");
        backEnd = run();
        awaitBackEnd();
    }

    private Process run() throws IOException {
        return new ProcessBuilder(network.inside(program.command(socket, name, variant)))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void awaitBackEnd() throws IOException {
        try {
            awaitSocket();
            network.join(name, START_SECONDS);
        } catch (IOException | RuntimeException e) {
            backEnd.destroyForcibly();
            throw new IOException(
                    program.name() + " did not start: " + Files.readString(log).strip(), e);
        }
    }

    /**
     * Kills the back-end (SIGKILL). Its TAP is removed with it; the path of its socket stays.
     *
     * @throws IOException when it does not end
     */
    void killBackEnd() throws IOException {
        backEnd.destroyForcibly();
        try {
            backEnd.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /**
     * Starts a back-end that replaces one that has ended.
     *
     * @throws IOException when it does not start
     */
    void restartBackEnd() throws IOException {
        // Removed, so that the new socket can be detected.
        Files.deleteIfExists(socket);
        backEnd = run();
        awaitBackEnd();
    }

    /**
     * Starts a back-end that takes over the guests and ports of the running one, and waits until the running one has ended.
     *
     * @throws IOException when it does not take over
     */
    void replaceBackEnd() throws IOException {
        Process before = backEnd;
        Process next = run();
        try {
            if (!before.waitFor(START_SECONDS, TimeUnit.SECONDS) || before.exitValue() != 0 || !next.isAlive()) {
                next.destroyForcibly();
                throw new IOException("the back-end of " + name + " was not taken over: "
                        + Files.readString(log).strip());
            }
        } catch (InterruptedException e) {
            next.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        backEnd = next;
    }

    private void awaitSocket() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        try {
            while (!Files.exists(socket)) {
                if (backEnd.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                    throw new IOException("no socket at " + socket);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Returns the path of the socket to which a front-end connects. */
    Path socket() {
        return socket;
    }

    /** Returns the path of the back-end's second socket, which exists with more than one lane. */
    Path secondSocket() {
        return socket.resolveSibling(socket.getFileName() + ".1");
    }

    /** Returns the name of the host's TAP. */
    String tap() {
        return name;
    }

    /** Makes the next QEMU connect to another socket, from which a proxy forwards messages. */
    void attachBy(Path other) {
        socket = other;
    }

    /**
     * Starts a QEMU whose guest boots.
     *
     * @throws IOException when it does not start
     */
    void boot() throws IOException {
        start(List.of(), "");
    }

    /**
     * Starts a QEMU that waits for a guest.
     *
     * @param halted whether the guest stays stopped after its arrival
     * @param further more properties of the network device, each after a comma
     * @throws IOException when it does not start
     */
    void expect(boolean halted, String further) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("-incoming", "defer"));
        if (halted) {
            arguments.add("-S");
        }
        start(arguments, further);
        capabilities();
        monitor().execute("migrate-incoming", "{\"uri\":\"unix:" + arrival() + "\"}");
    }

    /**
     * Starts a QEMU that receives a guest's memory from another QEMU ({@code cpr-transfer}). It opens its monitor only after the other QEMU
     * has connected.
     *
     * @return a future that completes when it has started; until then this object must not be used
     * @throws IOException when the previous QEMU cannot be removed
     */
    CompletableFuture<Void> expectMemory() throws IOException, InterruptedException {
        Files.deleteIfExists(memory());
        List<String> arguments =
                List.of("-incoming", channel("main", arrival()), "-incoming", channel("cpr", memory()));
        CompletableFuture<Void> starting = CompletableFuture.runAsync(() -> {
            try {
                start(arguments, "");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        while (!Files.exists(memory()) && !starting.isDone()) {
            Thread.sleep(LOOK_MILLIS);
        }
        return starting;
    }

    /** Returns the two channels, in JSON, on which this host receives a guest with its memory. */
    String channels() {
        return "[" + channel("main", arrival()) + "," + channel("cpr", memory()) + "]";
    }

    private static String channel(String type, Path path) {
        return "{\"channel-type\":\"%s\",\"addr\":{\"transport\":\"socket\",\"type\":\"unix\",\"path\":\"%s\"}}"
                .formatted(type, path);
    }

    private Path memory() {
        return directory.resolve(name + ".memory");
    }

    private void start(List<String> arguments, String further) throws IOException {
        leave();
        qemus++;
        Path control = directory.resolve(name + qemus + ".qmp");
        List<String> all = new ArrayList<>(List.of(
                "-qmp",
                "unix:" + control + ",server=on,wait=off",
                "-chardev",
                "socket,id=vhost,path=" + socket + (variant.eventful() ? ",reconnect-ms=100" : ""),
                "-netdev",
                "vhost-user,id=net,chardev=vhost,queues=" + variant.queuePairs(),
                "-device",
                "virtio-net-pci,netdev=net,mac=" + Network.GUEST_MAC + variant.deviceProperties() + further));
        if (variant.eventful()) {
            all.addAll(List.of("-device", "pcie-root-port,id=spare,chassis=2"));
        }
        all.addAll(arguments);
        List<String> options = List.of(
                "--qemu",
                qemu,
                "--machine",
                variant.machine(),
                "--memory",
                variant.memory(),
                "--overlay",
                lab.files().resolve("stream.cpio.gz").toString());
        guest = Guest.start(lab, List.of("setpriv", "--pdeathsig", "KILL"), name + qemus, directory, options, all);
        monitor = new Monitor(name, control, guest::isAlive);
    }

    /** Sets the options of a migration, which are needed at both ends before it begins. */
    void capabilities() {
        monitor()
                .execute(
                        "migrate-set-capabilities",
                        "{\"capabilities\":[{\"capability\":\"events\",\"state\":true},{\"capability\":\"return-path\",\"state\":%s}]}"
                                .formatted(variant.returnPath()));
    }

    /** Returns the path of the socket on which an arriving guest is received. */
    Path arrival() {
        return directory.resolve(name + ".arrival");
    }

    /** Waits until the guest's agent answers, and gives the guest its address. */
    void configureGuest() throws IOException {
        guest().waitUntilUp();
        configureCard();
        guest().must("stream echo >/tmp/stream 2>&1 & for i in $(seq 300); do grep -q listening /tmp/stream"
                + " 2>/dev/null && exit 0; sleep 0.1; done; cat /tmp/stream; exit 1");
        guest().run("ping -c 1 -w 30 " + Network.PEER, PATIENCE).orFail();
    }

    /** Configures the queues and the address of a card that the guest's driver has just found. */
    void configureCard() {
        String pairs = variant.queuePairs() > 1 ? "ethtool -L eth0 combined " + variant.queuePairs() + " && " : "";
        guest().must(pairs
                + "ip link set lo up && ip link set eth0 up && ip addr add %s/24 dev eth0 && ".formatted(Network.GUEST)
                + "arp -s %s %s".formatted(Network.PEER, Network.PEER_MAC));
    }

    Guest guest() {
        if (guest == null) {
            throw new GuestFailure(name + " has no guest");
        }
        return guest;
    }

    Monitor monitor() {
        if (monitor == null) {
            throw new GuestFailure(name + " has no guest");
        }
        return monitor;
    }

    /** Kills this host's QEMU, if it runs. */
    void leave() {
        if (monitor != null) {
            monitor.close();
            monitor = null;
        }
        if (guest != null) {
            guest.kill();
            guest.close();
            guest = null;
        }
    }

    /** Returns the output of QEMU and the back-end, for the message of a failure. */
    String logs() {
        try {
            return name + ": " + (guest == null ? "no QEMU" : guest.qemuLog().strip()) + "\n"
                    + Files.readString(log).strip();
        } catch (IOException e) {
            return name + ": " + e.getMessage();
        }
    }

    @Override
    public void close() {
        leave();
        backEnd.destroy();
        try {
            if (!backEnd.waitFor(5, TimeUnit.SECONDS)) {
                backEnd.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            backEnd.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
