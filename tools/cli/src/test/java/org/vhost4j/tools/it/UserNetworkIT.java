// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.sys.Await;

/**
 * Tests an ordinary user's back-end with {@code --port user}, in a network namespace that has an external interface and
 * no TAP. Needs root, to create that namespace and to become another user.
 */
final class UserNetworkIT {
    private static final String OUTSIDE = "10.99.0.1";
    private static final String OUTSIDE6 = "fd99::1";
    private static final int FORWARDED = 8022;
    private static final Duration LIMIT = Duration.ofMinutes(3);

    /** What the guest's DHCP client calls: the lease as it came, and the address and route of it. */
    private static final String LEASE = """
        #!/bin/sh
        [ "$1" = bound ] || exit 0
        ip addr add $ip/$mask dev $interface
        ip route add default via $router
        for d in $dns; do echo nameserver $d; done >/etc/resolv.conf
        echo "$ip/$mask $router $dns $mtu" >/tmp/lease
        """;

    private static final List<String> NETWORK = List.of(
            "set -e",
            "ip netns add NS",
            "ip -n NS link set lo up",
            "ip -n NS link add out0 type veth peer name out1",
            "ip -n NS link set out0 up",
            "ip -n NS link set out1 up",
            "ip -n NS addr add 10.99.0.1/24 dev out0",
            "ip -n NS addr add fd99::1/64 dev out0 nodad",
            "ip -n NS route add default via 10.99.0.254",
            "ip -n NS -6 route add default via fd99::fe");

    /** Runs a program without any privilege. */
    private static final List<String> ORDINARY =
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all");

    private final String namespace = "v4ju-" + ProcessHandle.current().pid();
    private final List<Process> processes = new ArrayList<>();
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @BeforeEach
    void network() throws IOException, InterruptedException {
        HostShell.run(String.join("; ", NETWORK).replace("NS", namespace));
        Process server = inNamespace(List.of(), program(OutsideServer.class, OUTSIDE, OUTSIDE6));
        assertThat(server.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("serving");
        // Where the checkout and the lab are, others may not look.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.copy(Path.of("target", "vhost4j.jar"), directory.resolve("vhost4j.jar"));
        copyPasst();
    }

    @AfterEach
    void end() throws IOException {
        processes.reversed().forEach(Process::destroyForcibly);
        HostShell.run("ip netns del " + namespace);
    }

    /** passt of the lab, with the loader and the library that it needs. */
    private void copyPasst() throws IOException {
        Path lab = Lab.find().files();
        Path library = lab.resolve("qemu-root/usr/lib/x86_64-linux-gnu");
        Files.copy(lab.resolve("passt-root/passt"), directory.resolve("passt-program"));
        Files.copy(lab.resolve("qemu-root/usr/lib64/ld-linux-x86-64.so.2").toRealPath(), directory.resolve("loader"));
        Files.copy(library.resolve("libc.so.6").toRealPath(), directory.resolve("libc.so.6"));
        Path wrapper = directory.resolve("passt");
        Files.writeString(
                wrapper,
                "#!/bin/sh\nexec %1$s/loader --argv0 passt --library-path %1$s %1$s/passt-program \"$@\"\n"
                        .formatted(directory));
        for (String each : List.of("passt-program", "loader", "libc.so.6", "passt")) {
            Files.setPosixFilePermissions(directory.resolve(each), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private static List<String> program(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                java(), "-Xmx200m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private Process inNamespace(List<String> as, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        whole.addAll(as);
        whole.addAll(command);
        Process process = new ProcessBuilder(whole)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        processes.add(process);
        return process;
    }

    private Process backEnd(String port) throws IOException {
        Process process = inNamespace(
                ORDINARY,
                List.of(
                        java(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Djna.nosys=true",
                        "-jar",
                        "vhost4j.jar",
                        "run",
                        "--socket-path=guest.sock",
                        "--port=" + port));
        Thread.ofPlatform()
                .daemon()
                .start(() -> process.inputReader(StandardCharsets.UTF_8).lines().forEach(lines::add));
        return process;
    }

    private String user() {
        return "user:passt=" + directory.resolve("passt");
    }

    /** Waits for a line that contains something. */
    private String await(String part) throws InterruptedException {
        List<String> came = new ArrayList<>();
        String line = lines.poll(120, TimeUnit.SECONDS);
        while (line != null && !line.contains(part)) {
            came.add(line);
            line = lines.poll(120, TimeUnit.SECONDS);
        }
        assertThat(line).as("a line with '%s' after %s", part, came).isNotNull();
        return line;
    }

    /** passt below a process. */
    private static ProcessHandle passt(Process backEnd) {
        Optional<ProcessHandle> child = backEnd.descendants().findFirst();
        assertThat(child).isPresent();
        return child.get();
    }

    @Test
    void aGuestHasTheNetworkOfAnOrdinaryUser() throws Exception {
        assertThat(HostShell.run("ip -n " + namespace + " -o link").lines()).hasSize(3);
        Process backEnd =
                backEnd(user() + ",net=10.0.2.0/24,dns=" + OUTSIDE + ",hostfwd=tcp:127.0.0.1:" + FORWARDED + "-:80");
        await("guest0: waiting for a front-end");
        try (Guest guest = guest()) {
            String digest = OutsideServer.sha256(new ByteArrayInputStream(OutsideServer.data()));
            lease(guest);
            assertThat(guest.must("nslookup -type=a any.example")).contains(OutsideServer.ANSWER);
            transfers(guest, OUTSIDE, digest);
            guest.must(
                    "for i in $(seq 300); do ip -6 addr show dev eth0 scope global | grep -q 'inet6 fd99:.*dynamic' &&"
                            + " ! ip -6 addr show dev eth0 | grep -q tentative && exit 0; sleep 0.1; done; ip -6 addr;"
                            + " exit 1");
            transfers(guest, "[" + OUTSIDE6 + "]", digest);
            fromOutside(guest);

            ProcessHandle first = passt(backEnd);
            assertThat(first.destroyForcibly()).isTrue();
            await("user: passt ended by signal 9; it is started again");
            await("user: passt runs again");
            assertThat(download(guest, OUTSIDE)).isEqualTo(digest);
            ProcessHandle second = passt(backEnd);
            assertThat(second.pid()).isNotEqualTo(first.pid());

            backEnd.destroyForcibly().waitFor();
            Await.until("passt ends with a back-end that was killed", () -> !second.isAlive());
        }
    }

    private Guest guest() throws IOException {
        Lab lab = Lab.find();
        lab.provision();
        Guest guest = Guest.start(
                lab,
                "guest0",
                directory,
                List.of("--qemu", "11", "--accel", System.getProperty("vhost4j.accel", "tcg")),
                List.of(
                        "-chardev",
                        "socket,id=c,reconnect-ms=200,path=" + directory.resolve("guest.sock"),
                        "-netdev",
                        "vhost-user,id=n,chardev=c",
                        "-device",
                        "virtio-net-pci,netdev=n,mac=02:00:00:00:00:01,vectors=0"));
        guest.waitUntilUp();
        return guest;
    }

    /** The lease is what was asked for; its MTU is not taken, so that segments are short. */
    private static void lease(Guest guest) {
        // A command is one line.
        String script = Base64.getEncoder().encodeToString(LEASE.getBytes(StandardCharsets.UTF_8));
        guest.must("echo " + script + " | base64 -d >/tmp/bound; chmod 755 /tmp/bound");
        guest.must("ip link set lo up; ip link set eth0 up");
        guest.run("udhcpc -f -q -n -t 20 -O mtu -i eth0 -s /tmp/bound 2>&1", LIMIT)
                .orFail();
        assertThat(guest.must("cat /tmp/lease").strip()).isEqualTo("10.0.2.15/24 10.0.2.2 " + OUTSIDE + " 65520");
    }

    private static String download(Guest guest, String address) {
        return digest(guest.run("wget -q -O - http://" + address + ":8080/data | sha256sum", LIMIT)
                .orFail());
    }

    /** Of what sha256sum prints. */
    private static String digest(String line) {
        return line.substring(0, 64);
    }

    private static void transfers(Guest guest, String address, String digest) {
        assertThat(download(guest, address)).isEqualTo(digest);
        // busybox's wget sends text: it ends at a zero.
        guest.must("base64 </dev/urandom | head -c 12345678 >/tmp/up");
        String sent = digest(guest.must("sha256sum </tmp/up"));
        assertThat(guest.run("wget -q -O - --post-file /tmp/up http://" + address + ":8080/sum", LIMIT)
                        .orFail()
                        .strip())
                .isEqualTo(sent);
    }

    /** A port of the host leads to the guest. */
    private void fromOutside(Guest guest) throws IOException {
        guest.must("mkdir -p /tmp/www && cp /tmp/up /tmp/www/up && httpd -p 80 -h /tmp/www");
        String there = digest(guest.must("sha256sum </tmp/up"));
        Process fetch =
                inNamespace(List.of(), program(OutsideServer.class, "fetch", "http://127.0.0.1:" + FORWARDED + "/up"));
        assertThat(fetch.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo(there);
    }

    /**
     * passt is the network behind a stream, and behind datagrams whose other end is a QEMU without a guest, which connects them to the
     * stream by a hub.
     */
    @Test
    void aGuestDownloadsThroughAStreamAndThroughDatagrams() throws Exception {
        Path stream = directory.resolve("passt.sock");
        Process passt = inNamespace(
                ORDINARY,
                List.of(
                        directory.resolve("passt").toString(),
                        "--foreground",
                        "--socket=" + stream,
                        "--address=10.0.2.15",
                        "--netmask=24",
                        "--gateway=10.0.2.2",
                        "--dns=" + OUTSIDE));
        Await.until("passt listens", () -> Files.exists(stream) || !passt.isAlive());
        Process first = backEnd("stream:unix:" + stream);
        await("guest0: waiting for a front-end");
        try (Guest guest = guest()) {
            String digest = OutsideServer.sha256(new ByteArrayInputStream(OutsideServer.data()));
            lease(guest);
            assertThat(download(guest, OUTSIDE)).isEqualTo(digest);

            first.destroyForcibly().waitFor();
            inNamespace(List.of(), hub(stream));
            Process second = backEnd("dgram:local=127.0.0.1:7001,remote=127.0.0.1:7002");
            await("guest0: waiting for a front-end");
            assertThat(download(guest, OUTSIDE)).isEqualTo(digest);
            assertThat(second.isAlive()).isTrue();
        }
    }

    private static List<String> hub(Path stream) throws IOException {
        return List.of(
                LabQemu.OF_DEBIAN_13.executable().toString(),
                "-machine",
                "none",
                "-nodefaults",
                "-display",
                "none",
                "-netdev",
                "stream,id=s,server=off,addr.type=unix,addr.path=" + stream,
                "-netdev",
                "dgram,id=d,local.type=inet,local.host=127.0.0.1,local.port=7002,"
                        + "remote.type=inet,remote.host=127.0.0.1,remote.port=7001",
                "-netdev",
                "hubport,id=hs,hubid=1,netdev=s",
                "-netdev",
                "hubport,id=hd,hubid=1,netdev=d");
    }

    @Test
    void whatPasstRefusesEndsTheStart() throws Exception {
        Process backEnd = backEnd(user() + ",hostfwd=tcp:10.99.0.1:8080-:80");
        assertThat(await("vhost4j: passt cannot start")).contains("8080");
        assertThat(backEnd.waitFor()).isEqualTo(2);
    }
}
