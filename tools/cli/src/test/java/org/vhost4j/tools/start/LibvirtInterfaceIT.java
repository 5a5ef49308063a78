// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.tools.Vhost4j;

/**
 * Tests guests of a stock libvirt's system instance on a back-end, as in {@code docs/libvirt.md}: the QEMU of one
 * connects, that of the other listens. They reach each other.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class LibvirtInterfaceIT {
    /** The user that the system instance runs QEMU as in the lab's root. */
    private static final int LIBVIRT_QEMU = 64055;

    @TempDir
    private Path directory;

    private Process backEnd() throws IOException {
        List<String> entries = new ArrayList<>();
        for (String entry : System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                .split(File.pathSeparator, -1)) {
            entries.add(Path.of(entry).toAbsolutePath().toString());
        }
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Djna.nosys=true",
                        "-cp",
                        String.join(File.pathSeparator, entries),
                        Vhost4j.class.getName(),
                        "run",
                        "--machine=pc-q35-10.0",
                        "--platform=linux-6.1",
                        "--queues=2",
                        "--socket-path=" + directory.resolve("client.sock")
                                + ",attach=netdev,mac=52:54:00:00:00:0a,group=" + LIBVIRT_QEMU,
                        "--socket-path=" + directory.resolve("qemu/server.sock")
                                + ",attach=netdev,mac=52:54:00:00:00:0b,server=off",
                        "--socket-path=" + directory.resolve("private.sock") + ",attach=netdev,mode=0600")
                .redirectErrorStream(true)
                .start();
    }

    private Process libvirt(Lab lab) throws IOException {
        return new ProcessBuilder(
                        LibvirtSteps.labScripts().resolve("libvirt").toString(),
                        "--with",
                        directory.toString(),
                        "bash",
                        LibvirtSteps.script("libvirt-interface.sh", directory).toString(),
                        directory.toString(),
                        LabQemu.OF_DEBIAN_13.executable().toString(),
                        lab.files().toString())
                .redirectErrorStream(true)
                .start();
    }

    /** Reads the lines up to one with certain words. */
    private static String awaitLine(BufferedReader lines, String words) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            seen.append(line).append('\n');
            if (line.contains(words)) {
                return seen.toString();
            }
        }
        throw new AssertionError("no line with \"" + words + "\" in " + seen);
    }

    /** Runs a command in a guest, which may still have to boot. */
    private String in(String guest, String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        LibvirtSteps.labScripts().resolve("guest-exec").toString(),
                        directory.resolve("qemu/" + guest + ".agent").toString(),
                        command,
                        "240")
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(guest + ": " + command + ": " + said).isZero();
        return said;
    }

    @Test
    void guestsOfBothModesReachEachOther() throws Exception {
        Lab lab = Lab.find();
        lab.provision();
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path ofQemu = Files.createDirectory(directory.resolve("qemu"));
        Files.setAttribute(ofQemu, "unix:uid", LIBVIRT_QEMU);
        HostShell.run("mkfifo " + directory.resolve("stop"));
        List<Process> processes = new ArrayList<>();
        Process backEnd = backEnd();
        processes.add(backEnd);
        try (BufferedReader events = backEnd.inputReader(StandardCharsets.UTF_8)) {
            awaitLine(events, "guest2: waiting for a front-end on");
            Process libvirt = libvirt(lab);
            processes.add(libvirt);
            try (BufferedReader steps = libvirt.inputReader(StandardCharsets.UTF_8)) {
                LibvirtSteps begun = LibvirtSteps.of(awaitLine(steps, "### up"));
                for (String guest : List.of("client", "server")) {
                    begun.step(guest + "-define").succeeds();
                    begun.step(guest + "-start").succeeds();
                }
                begun.step("owner").says("libvirt-qemu");
                // Only the back-end's user may open its socket.
                begun.step("private-define").succeeds();
                begun.step("private-start").fails().says("Permission denied");
                in("client", "ip link set eth0 up; ip address add 10.0.0.1/24 dev eth0");
                in("server", "ip link set eth0 up; ip address add 10.0.0.2/24 dev eth0");
                assertThat(in("client", "cat /sys/class/net/eth0/address")).contains("52:54:00:00:00:0a");
                assertThat(in("client", "ping -c 3 -w 60 10.0.0.2")).contains("3 packets received");
                assertThat(in("server", "ping -c 3 -w 60 10.0.0.1")).contains("3 packets received");

                // Of the process itself: Process.destroy closes what is read from it.
                backEnd.toHandle().destroy();
                assertThat(events.lines().toList())
                        .anyMatch(line -> line.startsWith("guest0: negotiated ") && line.contains(" MQ "))
                        .noneMatch(line -> line.startsWith("guest2: front-end attached"));
                Process again = backEnd();
                processes.add(again);
                reachEachOtherAgain(again);

                Files.writeString(directory.resolve("stop"), "now\n");
                LibvirtSteps ended =
                        LibvirtSteps.of(String.join("\n", steps.lines().toList()) + "\n");
                for (String guest : List.of("client", "server")) {
                    ended.step(guest + "-stop").succeeds();
                    ended.step(guest + "-undefine").succeeds();
                }
                again.toHandle().destroy();
                assertThat(again.inputReader(StandardCharsets.UTF_8).lines().toList())
                        .anyMatch(line -> line.startsWith("guest0: front-end detached"))
                        .anyMatch(line -> line.startsWith("guest1: front-end detached"));
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /** QEMU's {@code <reconnect>} of the one, and ours of the other: neither guest was restarted. */
    private void reachEachOtherAgain(Process backEnd) throws IOException, InterruptedException {
        awaitLine(backEnd.inputReader(StandardCharsets.UTF_8), "guest2: waiting for a front-end on");
        assertThat(in("client", "ping -c 2 -w 60 10.0.0.2")).contains("2 packets received");
        assertThat(in("server", "ping -c 2 -w 60 10.0.0.1")).contains("2 packets received");
    }
}
