// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.frame.MacAddress;
import org.vhost4j.device.net.NetConfigSpace;
import org.vhost4j.platform.definition.QemuArguments;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.GuestAddress;

/** Creates the QEMU arguments that attach a guest to a socket. */
public final class AttachHelp {
    private AttachHelp() {}

    /**
     * Returns the arguments for QEMU's own virtio-net with a vhost-user netdev. Config space and control queue are
     * QEMU's.
     *
     * @param endpoint the endpoint
     * @param number number of the guest, which makes identifiers unique
     * @param queuePairs number of queue pairs
     * @param properties QEMU's properties of the promise, such as {@code ctrl_vlan=off}; possibly empty
     * @return QEMU's arguments, for the newest QEMU
     */
    public static List<String> netdev(Endpoint endpoint, int number, int queuePairs, List<String> properties) {
        return netdev(endpoint, number, queuePairs, properties, AttachedQemu.NEWEST);
    }

    /**
     * Returns the arguments for QEMU's own virtio-net with a vhost-user netdev, for a given QEMU version.
     *
     * @param endpoint the endpoint
     * @param number number of the guest, which makes identifiers unique
     * @param queuePairs number of queue pairs
     * @param properties QEMU's properties of the promise, such as {@code ctrl_vlan=off}; possibly empty
     * @param qemu the QEMU version
     * @return QEMU's arguments
     */
    static List<String> netdev(
            Endpoint endpoint, int number, int queuePairs, List<String> properties, AttachedQemu qemu) {
        List<String> arguments = new ArrayList<>();
        arguments.add("-chardev");
        arguments.add(chardev(endpoint, number) + (endpoint.connect() ? "" : "," + qemu.reconnect()));
        arguments.add("-netdev");
        arguments.add("vhost-user,id=net" + number + ",chardev=char" + number
                + (queuePairs > 1 ? ",queues=" + queuePairs : ""));
        arguments.add("-device");
        StringBuilder device = new StringBuilder("virtio-net-pci,netdev=net" + number);
        if (qemu.withoutVectors()) {
            device.append(",vectors=0");
        } else if (queuePairs > 1) {
            // One vector for each ring, for the control queue and for configuration changes.
            device.append(",vectors=").append(2 * queuePairs + 2);
        }
        device.append(",mac=").append(MacAddress.text(GuestAddress.of(endpoint, number)));
        properties.forEach(property -> device.append(',').append(property));
        arguments.add(device.toString());
        return arguments;
    }

    /**
     * Returns the arguments for QEMU's generic vhost-user device (10.2 and newer): every feature passes; the back-end
     * owns config space and control queue.
     *
     * @param endpoint the endpoint
     * @param number number of the guest, which makes identifiers unique
     * @param queuePairs number of queue pairs
     * @return QEMU's arguments
     */
    public static List<String> device(Endpoint endpoint, int number, int queuePairs) {
        return device(endpoint, number, queuePairs, false);
    }

    /**
     * Returns the arguments for QEMU's generic vhost-user device, for a guest that may be behind an IOMMU.
     *
     * @param endpoint the endpoint
     * @param number number of the guest, which makes identifiers unique
     * @param queuePairs number of queue pairs
     * @param translated whether its addresses go through the machine's IOMMU
     * @return QEMU's arguments
     */
    public static List<String> device(Endpoint endpoint, int number, int queuePairs, boolean translated) {
        return List.of(
                "-chardev",
                chardev(endpoint, number),
                "-device",
                "vhost-user-test-device-pci,chardev=char%d,virtio-id=1,num_vqs=%d,vq_size=256,config_size=%d%s"
                        .formatted(
                                number,
                                2 * queuePairs + 1,
                                NetConfigSpace.BYTES,
                                translated ? ",iommu_platform=on,ats=on" : ""));
    }

    /**
     * Returns the arguments for the IOMMU of a machine. They have to precede the devices behind it.
     *
     * @param machine the machine type
     * @return QEMU's arguments
     */
    public static List<String> iommu(String machine) {
        return List.of("-device", machine.startsWith("pc-q35") ? "intel-iommu,device-iotlb=on" : "virtio-iommu-pci");
    }

    /**
     * Returns the arguments for the machine and its shareable memory. Both ways of attaching a guest need them.
     *
     * @param machine the machine type, with its version, because an alias stands for another machine on another QEMU
     * @return QEMU's arguments
     */
    public static List<String> machine(String machine) {
        return List.of(
                "-object", "memory-backend-memfd,id=mem,size=1G,share=on", "-machine", machine + ",memory-backend=mem");
    }

    private static String chardev(Endpoint endpoint, int number) {
        // A comma ends a value of QEMU's options; a doubled comma stands for one.
        String path =
                endpoint.address().orElseThrow().toAbsolutePath().toString().replace(",", ",,");
        return "socket,id=char%d,path=%s%s".formatted(number, path, endpoint.connect() ? ",server=on" : "");
    }

    /**
     * Returns the lines that {@code run} prints at its start.
     *
     * @param endpoints endpoints of the guests
     * @param queuePairs number of queue pairs of each guest
     * @param resolution the promise to guests
     * @param qemu the QEMU version of the guests
     * @return lines without line ends
     */
    static List<String> lines(List<Endpoint> endpoints, int queuePairs, Resolution resolution, AttachedQemu qemu) {
        List<String> lines = new ArrayList<>();
        boolean translated = resolution.offered().has(Feature.ACCESS_PLATFORM);
        lines.add("attach a guest with these arguments of "
                + (resolution.machine().startsWith("virt-") ? "qemu-system-aarch64" : "qemu-system-x86_64") + ", and "
                + (translated ? "before them " : "")
                + String.join(" ", machine(resolution.machine()))
                + (translated ? " " + String.join(" ", iommu(resolution.machine())) : ""));
        QemuArguments netdev = QemuArguments.inFrontOf(resolution);
        for (int i = 0; i < endpoints.size(); i++) {
            Endpoint endpoint = endpoints.get(i);
            if (endpoint.address().isEmpty()) {
                continue;
            }
            if (endpoint.attach() != Attach.NETDEV) {
                lines.add("guest" + i + ", every offload (QEMU 10.2 or newer): "
                        + words(device(endpoint, i, queuePairs, translated)));
            }
            if (endpoint.attach() != Attach.DEVICE) {
                lines.add("guest" + i + ", QEMU's own virtio-net: "
                        + words(netdev(endpoint, i, queuePairs, netdev.settings(), qemu)));
            }
        }
        if (endpoints.stream().anyMatch(each -> each.address().isPresent() && each.attach() != Attach.DEVICE)) {
            netdev.notes().forEach(note -> lines.add("QEMU's own virtio-net: " + note));
            qemu.notes().forEach(note -> lines.add("QEMU's own virtio-net: " + note));
        }
        return lines;
    }

    private static String words(List<String> arguments) {
        return arguments.stream().map(ShellWord::of).collect(Collectors.joining(" "));
    }
}
