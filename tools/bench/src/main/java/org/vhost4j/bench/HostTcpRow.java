// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.bench.result.Goal;
import org.vhost4j.guests.lab.Lab;

/** Measures TCP between a real guest and the host, one stream in each direction. */
final class HostTcpRow implements Row {
    private static final String OWN_TAP = OwnPeer.NAME + " and TAP";
    private static final String OWN_PASST = OwnPeer.NAME + " and passt";
    private static final String QEMU_TAP = "QEMU and TAP";
    private static final String IFNAME = "vhost4j0";
    private static final int ROUNDS = 3;
    private static final int TURNS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> VIRTIO_NET = List.of("-device", "virtio-net-pci,netdev=n,mac=02:00:00:00:00:01");

    @Override
    public String name() {
        return "host-tcp";
    }

    @Override
    public String title() {
        return "TCP between a guest and the host";
    }

    @Override
    public String about() {
        return "iperf3 runs in a real Linux guest (QEMU 11, TCG) on the front-ends' core, and on the host on the "
                + "back-ends' core. The connection is vhost4j with a TAP of the kernel, QEMU with a TAP and without "
                + "a back-end, vhost4j with passt, passt as the back-end, which opens sockets itself, or QEMU's "
                + "user-mode network. The emulated processor of the guest is the slowest part. The guest counts the "
                + "frames; a super-frame counts as one.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        if (bench.plan().quick()) {
            return List.of();
        }
        int seconds = (int) Math.max(1, bench.plan().turn().multipliedBy(TURNS).toSeconds());
        int rounds = Math.min(ROUNDS, bench.plan().rounds());
        return Stream.of(HostTcp.Flow.values())
                .map(flow -> toCase(bench, flow, seconds, rounds))
                .toList();
    }

    private static Case toCase(Bench bench, HostTcp.Flow flow, int seconds, int rounds) {
        record Named(String name, String purpose, HostTcp.Maker maker) {}
        List<Contender> contenders = Stream.of(
                        new Named(OWN_TAP, "tap", HostTcpRow::tap),
                        new Named(QEMU_TAP, "qemu-tap", HostTcpRow::qemuTap),
                        new Named(OWN_PASST, "own-user", HostTcpRow::ownUserMode),
                        new Named("passt", "passt", HostTcpRow::passt),
                        new Named("QEMU user-mode", "user", HostTcpRow::userMode))
                .map(way -> new Contender(
                        way.name(), () -> HostTcp.start(bench, flow + "-" + way.purpose(), way.maker(), flow, seconds)))
                .toList();
        return Case.of(
                flow.title(),
                List.of(HostTcp.SPEED, HostTcp.FRAME),
                List.of(
                        Goal.ratio(HostTcp.SPEED, OWN_TAP, List.of(QEMU_TAP), 1.2),
                        Goal.ratio(HostTcp.SPEED, OWN_PASST, List.of(OWN_TAP), 0.8)),
                contenders,
                rounds);
    }

    private static HostTcp.Way tap(Bench bench, Namespace namespace, Lab lab) throws IOException {
        Path socket = bench.sockets(1).getFirst();
        Child child = bench.children()
                .start(
                        OwnPeer.NAME,
                        bench.plan().backEndCore(),
                        namespace.inside(OwnProgram.command(
                                List.of(), List.of("run", "--socket-path=" + socket, "--port=tap:ifname=" + IFNAME))));
        child.await("waiting for a front-end", PATIENCE);
        up(namespace);
        return new HostTcp.Way(vhostUser(socket), List.of(child));
    }

    private static HostTcp.Way qemuTap(Bench bench, Namespace namespace, Lab lab) throws IOException {
        namespace.ip("tuntap", "add", "dev", IFNAME, "mode", "tap", "vnet_hdr");
        up(namespace);
        return new HostTcp.Way(
                concat(
                        List.of("-netdev", "tap,id=n,ifname=" + IFNAME + ",script=no,downscript=no,vhost=off"),
                        VIRTIO_NET),
                List.of());
    }

    private static void up(Namespace namespace) throws IOException {
        namespace.ip("address", "add", HostTcp.HOST + "/24", "dev", IFNAME);
        namespace.ip("link", "set", IFNAME, "up");
    }

    private static Path passt(Lab lab) throws IOException {
        Path program = lab.files().resolve("passt");
        if (!Files.isExecutable(program)) {
            throw new IOException("passt was not found: " + Testpmd.REMEDY);
        }
        return program;
    }

    private static HostTcp.Way ownUserMode(Bench bench, Namespace namespace, Lab lab) throws IOException {
        Path socket = bench.sockets(1).getFirst();
        Child child = bench.children()
                .start(
                        OwnPeer.NAME,
                        bench.plan().backEndCore(),
                        namespace.inside(OwnProgram.command(
                                List.of(),
                                List.of(
                                        "run",
                                        "--socket-path=" + socket,
                                        "--port=user:passt=" + passt(lab) + ",net=10.77.0.0/24,host=" + HostTcp.HOST
                                                + ",dhcpstart=" + HostTcp.GUEST))));
        child.await("waiting for a front-end", PATIENCE);
        return new HostTcp.Way(vhostUser(socket), List.of(child));
    }

    private static HostTcp.Way passt(Bench bench, Namespace namespace, Lab lab) throws IOException {
        Path program = passt(lab);
        Path socket = bench.sockets(1).getFirst();
        Child child = bench.children()
                .start(
                        "passt",
                        bench.plan().backEndCore(),
                        namespace.inside(List.of(
                                program.toString(),
                                "--vhost-user",
                                "--foreground",
                                "--ipv4-only",
                                "--runas=0",
                                "--socket=" + socket,
                                "--address=" + HostTcp.GUEST,
                                "--netmask=24",
                                "--gateway=" + HostTcp.HOST,
                                "--map-host-loopback=" + HostTcp.HOST)));
        child.await("socket bound", PATIENCE);
        return new HostTcp.Way(vhostUser(socket), List.of(child));
    }

    private static HostTcp.Way userMode(Bench bench, Namespace namespace, Lab lab) {
        return new HostTcp.Way(
                concat(
                        List.of(
                                "-netdev",
                                "user,id=n,net=10.77.0.0/24,host=" + HostTcp.HOST + ",dhcpstart=" + HostTcp.GUEST),
                        VIRTIO_NET),
                List.of());
    }

    private static List<String> vhostUser(Path socket) {
        return concat(
                List.of("-chardev", "socket,id=c,path=" + socket, "-netdev", "vhost-user,id=n,chardev=c"), VIRTIO_NET);
    }

    private static List<String> concat(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
