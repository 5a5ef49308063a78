// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.vhost4j.bench.result.Figure;
import org.vhost4j.guests.lab.Lab;

/** TCP from a real guest to the host. */
final class HostTcpRow implements Row {
    private static final Figure SPEED = new Figure("received by the host", "Gbit/s", 1e9, 2, true);
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
        return "TCP from a guest to the host";
    }

    @Override
    public String about() {
        return "iperf3 from a real Linux guest (QEMU 11, TCG) on the front-ends' core to a server on the back-ends' core: by vhost4j and the "
                + "kernel's TAP, by vhost4j and passt behind it, by passt, which is a back-end that opens sockets itself, and by QEMU's own user-mode network. The emulated "
                + "processor of the guest is the slowest part.";
    }

    @Override
    public List<Case> cases(Bench bench) {
        if (bench.plan().quick()) {
            return List.of();
        }
        int seconds = (int) Math.max(1, bench.plan().turn().multipliedBy(TURNS).toSeconds());
        List<Contender> contenders = List.of(
                new Contender(
                        OwnPeer.NAME + " and TAP", () -> HostTcp.start(bench, "tap", HostTcpRow::tap, SPEED, seconds)),
                new Contender(
                        OwnPeer.NAME + " and passt",
                        () -> HostTcp.start(bench, "own-user", HostTcpRow::ownUserMode, SPEED, seconds)),
                new Contender("passt", () -> HostTcp.start(bench, "passt", HostTcpRow::passt, SPEED, seconds)),
                new Contender(
                        "QEMU user-mode", () -> HostTcp.start(bench, "user", HostTcpRow::userMode, SPEED, seconds)));
        return List.of(Case.of(
                "one stream",
                List.of(SPEED),
                List.of(),
                contenders,
                Math.min(ROUNDS, bench.plan().rounds())));
    }

    private static HostTcp.Way tap(Bench bench, Namespace namespace, Lab lab) throws IOException {
        Path socket = bench.sockets(1).getFirst();
        String ifname = "vhost4j0";
        Child child = bench.children()
                .start(
                        OwnPeer.NAME,
                        bench.plan().backEndCore(),
                        namespace.inside(OwnProgram.command(
                                List.of(), List.of("run", "--socket-path=" + socket, "--port=tap:ifname=" + ifname))));
        child.await("waiting for a front-end", PATIENCE);
        namespace.ip("address", "add", HostTcp.HOST + "/24", "dev", ifname);
        namespace.ip("link", "set", ifname, "up");
        return new HostTcp.Way(vhostUser(socket), List.of(child));
    }

    private static Path passt(Lab lab) throws IOException {
        Path program = lab.files().resolve("passt");
        if (!Files.isExecutable(program)) {
            throw new IOException("passt is not there: " + Testpmd.REMEDY);
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
        return java.util.stream.Stream.concat(first.stream(), second.stream()).toList();
    }
}
