// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.LabQemu;
import org.vhost4j.guests.qemu.QemuSurvey;
import org.vhost4j.guests.qemu.QtestQemu;
import org.vhost4j.vhostuser.server.Attach;

/**
 * Tests that the patch in {@code docs/qemu} changes the offered features of no machine type, unless its property is
 * set. {@code tools/uso --offers} runs this test; it is not in the default suite.
 */
@Timeout(3600)
class UsoOffers {
    private static final FeatureSet USO = FeatureSet.of(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6);
    private static final String ASKED = ",vhost-user-uso=on,host_uso=on,guest_uso4=on,guest_uso6=on";

    /** One that no machine uses itself. */
    private static final int FIRST_SLOT = 4;

    @TempDir
    Path directory;

    @Test
    void noMachineTypeOffersOtherFeatures() throws IOException {
        Lab.find().provisionUsoQemu();
        QemuSurvey patched = QemuSurvey.ofLab(LabQemu.USO, Lab.find().files());
        List<String> machines = new ArrayList<>(patched.machines());
        assertThat(machines).hasSizeGreaterThan(20).contains("pc-q35-10.2", "pc-i440fx-10.2");
        assertThat(QemuSurvey.ofLab(LabQemu.USO_BEFORE, Lab.find().files()).machines())
                .isEqualTo(machines);
        try (LabFixture lab =
                LabFixture.start(directory, Map.of(), "linux-6.12", List.of(), Attach.NETDEV, Attach.NETDEV)) {
            for (String machine : machines) {
                FeatureSet before =
                        offered(LabQemu.USO_BEFORE, lab, machine, "").getFirst();
                List<FeatureSet> now = offered(LabQemu.USO, lab, machine, "", ASKED);
                assertThat(now.get(0)).as(machine).isEqualTo(before);
                assertThat(before.and(USO)).as(machine).isEqualTo(FeatureSet.EMPTY);
                assertThat(now.get(1)).as("%s with the property", machine).isEqualTo(before.plus(USO));
            }
            lab.assertNoTrouble();
        }
        System.out.printf(
                "%d machine types offer the same with the patch and without, from %s to %s%n",
                machines.size(), machines.getFirst(), machines.getLast());
    }

    /** What a driver reads from as many devices as there are properties, each on a socket of its own. */
    private List<FeatureSet> offered(LabQemu which, LabFixture lab, String machine, String... properties)
            throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("-object", "memory-backend-memfd,id=mem,size=64M,share=on", "-m", "64M"));
        for (int i = 0; i < properties.length; i++) {
            arguments.addAll(List.of(
                    "-chardev",
                    "socket,id=c" + i + ",path=" + lab.endpoint(i).path(),
                    "-netdev",
                    "vhost-user,id=n" + i + ",chardev=c" + i,
                    "-device",
                    "virtio-net-pci,disable-modern=off,vectors=0,addr=" + (FIRST_SLOT + i) + ",netdev=n" + i
                            + properties[i]));
        }
        try (QtestQemu qemu = new QtestQemu(
                which.executable(),
                Files.createTempDirectory(directory, "qemu"),
                machine + ",memory-backend=mem",
                arguments)) {
            List<FeatureSet> offers = new ArrayList<>();
            for (int i = 0; i < properties.length; i++) {
                offers.add(qemu.device(FIRST_SLOT + i).offered());
            }
            return offers;
        }
    }
}
