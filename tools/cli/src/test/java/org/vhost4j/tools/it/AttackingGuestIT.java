// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.NetDriver;
import org.vhost4j.frontend.NetSetup;
import org.vhost4j.guests.lab.Guest;
import org.vhost4j.guests.lab.HostShell;
import org.vhost4j.sys.Await;
import org.vhost4j.tools.run.AttachHelp;
import org.vhost4j.vhostuser.server.Attach;

/**
 * A Linux guest at QEMU 11.1 whose user space drives its virtio devices itself and breaks the rules of split and packed rings: one device comes by
 * {@code -netdev vhost-user}, the other one by QEMU's generic vhost-user device. Each time that device stops with one line which names the
 * queue and what is wrong, and two other guests of the back-end continue.
 */
class AttackingGuestIT {
    /** What the back-end says of the attacks on each kind of ring, in the order of ringattack.c. */
    private static final Map<String, List<String>> TRANSMIT = Map.of(
            "split",
            List.of(
                    "available ring names descriptor 32767 of 256",
                    "available index jumped from 0 to 5000",
                    "contains a loop",
                    "0xfffffffffffff000 is not in memory",
                    "0x10000000000 is not in memory",
                    "not a multiple of 16",
                    "has a length of 4294967295 bytes",
                    "has a writable buffer in a transmit queue"),
            "packed",
            List.of(
                    "the chain from descriptor 0 continues at 1, which is not available",
                    "has more descriptors than the 256 of its ring",
                    "0xfffffffffffff000 is not in memory",
                    "0x10000000000 is not in memory",
                    "not a multiple of 16",
                    "is indirect and has NEXT set",
                    "has an indirect table at guest address 0x10000000000 whose entry 0 is not in memory",
                    "descriptor 1 is indirect and follows another descriptor",
                    "has a length of 4294967295 bytes",
                    "has a writable buffer in a transmit queue"));

    /** In a receive ring, which is read when a frame comes. */
    private static final int RECEIVE = 100;

    private static final String RECEIVED = "0x10000000000 is not in memory";

    /** Event areas of a packed ring that no driver may write, and that stop nothing. */
    private static final List<Integer> SURVIVED = List.of(200, 201);

    private static final List<String> DEVICES = List.of("0000:00:08.0", "0000:00:09.0");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    @Test
    void onlyItsOwnDeviceStops() throws Exception {
        try (LabFixture lab = LabFixture.start(
                directory,
                Map.of("packed", "on"),
                "linux-6.17",
                List.of(),
                Attach.NETDEV,
                Attach.DEVICE,
                Attach.DEVICE,
                Attach.DEVICE)) {
            Guest guest =
                    lab.start(0, List.of("--qemu", "11", "--overlay", overlay().toString()), arguments(lab));
            try (NetDriver one = NetDriver.attach(socket(lab, 2), NetSetup.full());
                    NetDriver two = NetDriver.attach(socket(lab, 3), NetSetup.full())) {
                guest.waitUntilUp();
                for (int device = 0; device < DEVICES.size(); device++) {
                    for (String ring : List.of("split", "packed")) {
                        attackAll(lab, guest, device, ring, one, two);
                    }
                    lab.troubles().clear();
                    for (int kind : SURVIVED) {
                        assertThat(attack(guest, device, "packed", kind)).contains("returned");
                        exchange(one, two);
                    }
                    assertThat(lab.troubles()).isEmpty();
                }
            }
        }
    }

    private static void attackAll(LabFixture lab, Guest guest, int device, String ring, NetDriver one, NetDriver two)
            throws Exception {
        List<String> lines = TRANSMIT.getOrDefault(ring, List.of());
        for (int kind = 0; kind < lines.size(); kind++) {
            lab.troubles().clear();
            assertThat(attack(guest, device, ring, kind)).contains("attacked");
            awaitLine(lab, device, "queue 1: ", lines.get(kind));
            exchange(one, two);
        }
        lab.troubles().clear();
        assertThat(attack(guest, device, ring, RECEIVE)).contains("attacked");
        Await.until("guest" + device + " has stopped", () -> {
            exchange(one, two);
            return !lab.troubles().isEmpty();
        });
        awaitLine(lab, device, "queue 0: ", RECEIVED);
    }

    private static Path socket(LabFixture lab, int guest) {
        return Objects.requireNonNull(lab.endpoint(guest).path());
    }

    private static String attack(Guest guest, int device, String ring, int kind) {
        return guest.must("ringattack " + DEVICES.get(device) + " " + ring + " " + kind);
    }

    private static void awaitLine(LabFixture lab, int device, String queue, String what) throws Exception {
        Await.until(
                "guest" + device + " stops with '" + what + "'",
                () -> !lab.troubles().isEmpty());
        assertThat(lab.troubles()).hasSize(1);
        assertThat(lab.troubles().getFirst())
                .startsWith("guest" + device + " stopped: ")
                .contains(queue)
                .contains(what)
                .doesNotContain("\n");
    }

    /** Both ways, and every byte as it was. */
    private static void exchange(NetDriver one, NetDriver two) {
        pass(one, two, 1);
        pass(two, one, 2);
    }

    private static void pass(NetDriver from, NetDriver to, int number) {
        byte[] frame = new byte[200];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
        }
        frame[6] = 2;
        frame[11] = (byte) number;
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        for (int i = 14; i < frame.length; i++) {
            frame[i] = (byte) (i * number);
        }
        from.send(frame);
        // The guest's kernel may have sent something before its devices were taken from it.
        byte[] received = to.receive().bytes();
        while (received[12] != (byte) 0x88 || received[11] != (byte) number) {
            received = to.receive().bytes();
        }
        assertThat(received).isEqualTo(frame);
    }

    private static List<String> arguments(LabFixture lab) {
        List<String> all = new ArrayList<>(List.of(
                "-chardev",
                "socket,id=c,path=" + lab.endpoint(0).path(),
                "-netdev",
                "vhost-user,id=n,chardev=c",
                "-device",
                "virtio-net-pci,netdev=n,addr=8,packed=on"));
        List<String> generic = AttachHelp.device(lab.endpoint(1), 1, 1);
        all.addAll(generic.subList(0, generic.size() - 1));
        all.add(generic.getLast() + ",addr=9");
        return all;
    }

    /** ringattack.c, compiled for the guest, which has no libraries. */
    private Path overlay() throws IOException {
        Path source = directory.resolve("ringattack.c");
        try (InputStream in = AttackingGuestIT.class.getResourceAsStream("ringattack.c")) {
            Files.copy(Objects.requireNonNull(in), source);
        }
        Files.createDirectories(directory.resolve("overlay/bin"));
        HostShell.run(
                "cd " + directory + " && gcc -std=gnu17 -O2 -Wall -Wextra -Werror -static -o overlay/bin/ringattack"
                        + " ringattack.c && cd overlay && echo bin/ringattack | cpio -o -H newc -R 0:0"
                        + " --quiet | gzip -1 >../overlay.cpio.gz");
        return directory.resolve("overlay.cpio.gz");
    }
}
