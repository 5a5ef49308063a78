// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.probe.HostUse;

/**
 * Finds the virtio network cards of a command line: {@code -device} with its {@code -netdev}, {@code -nic}, and {@code
 * -net nic} with {@code netdev=}. A card of {@code -net nic} without netdev is connected to a QEMU hub, which supports
 * no offloads on any host.
 */
final class NetworkCards {
    /** Names of the card in {@code -device} and {@code model=}. */
    private static final Set<String> MODELS = Set.of(
            "virtio",
            "virtio-net",
            "virtio-net-pci",
            "virtio-net-pci-transitional",
            "virtio-net-pci-non-transitional",
            "virtio-net-device",
            "virtio-net-ccw");

    /** Back-ends that are a TAP of the kernel. */
    private static final Set<String> TAPS = Set.of("tap", "bridge");

    /** The machines whose default card of {@code -nic} is a virtio network card. */
    private static final List<String> WITH_VIRTIO = List.of("virt", "microvm", "s390");

    private static final String NETDEV = "netdev";
    private static final String MODEL = "model";

    private final GivenOptions options;
    private final Map<String, GivenOption> backEnds = new HashMap<>();

    private NetworkCards(GivenOptions options) {
        this.options = options;
        options.named(NETDEV).forEach(netdev -> backEnds.put(netdev.value("id"), netdev));
    }

    /**
     * Finds the cards.
     *
     * @param options the command line
     * @param machine the machine's name
     * @return the cards; the settings of each include those that {@code -global} gives to all of them
     */
    static List<NetworkCard> find(GivenOptions options, String machine) {
        return new NetworkCards(options).find(machine);
    }

    private List<NetworkCard> find(String machine) {
        List<NetworkCard> cards = new ArrayList<>();
        for (GivenOption device : options.named("device")) {
            if (MODELS.contains(device.value("driver"))) {
                cards.add(card(device, device.value(NETDEV), backEnds.get(device.value(NETDEV))));
            }
        }
        for (GivenOption nic : options.named("nic")) {
            boolean virtio = nic.has(MODEL)
                    ? MODELS.contains(nic.value(MODEL))
                    : WITH_VIRTIO.stream().anyMatch(machine::startsWith);
            if (virtio) {
                cards.add(card(nic, "-nic " + nic.value("type"), nic));
            }
        }
        for (GivenOption net : options.named("net")) {
            if (net.value("type").equals("nic") && net.has(NETDEV) && MODELS.contains(net.value(MODEL))) {
                cards.add(card(net, net.value(NETDEV), backEnds.get(net.value(NETDEV))));
            }
        }
        return cards;
    }

    private NetworkCard card(GivenOption device, String name, @Nullable GivenOption backEnd) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (GivenOption global : options.named("global")) {
            addGlobal(settings, global);
        }
        settings.putAll(device.values());
        return new NetworkCard(
                name,
                settings,
                backEnd == null ? Set.of() : uses(backEnd),
                backEnd == null ? List.of() : descriptors(backEnd, "fd", "fds"),
                backEnd == null ? List.of() : descriptors(backEnd, "vhostfd", "vhostfds"));
    }

    /** Adds a {@code -global} setting: {@code driver.property=value}, or {@code driver=,property=,value=}. */
    private static void addGlobal(Map<String, String> settings, GivenOption global) {
        if (global.has("property")) {
            if (isOfCard(global.value("driver"))) {
                settings.put(global.value("property"), global.value("value"));
            }
            return;
        }
        global.values().forEach((key, value) -> {
            int dot = key.indexOf('.');
            if (dot > 0 && isOfCard(key.substring(0, dot))) {
                settings.put(key.substring(dot + 1), value);
            }
        });
    }

    private static boolean isOfCard(String driver) {
        return driver.startsWith("virtio-net") || driver.equals("virtio-device") || driver.equals("virtio-pci");
    }

    private static Set<HostUse> uses(GivenOption backEnd) {
        boolean offloads = !backEnd.value("vnet_hdr").equals("off");
        if (!TAPS.contains(backEnd.value("type")) || !offloads) {
            return Set.of();
        }
        boolean vhost = backEnd.has("vhost")
                ? isOn(backEnd.value("vhost"))
                : backEnd.has("vhostfd") || backEnd.has("vhostfds") || isOn(backEnd.value("vhostforce"));
        return vhost ? EnumSet.of(HostUse.TAP, HostUse.VHOST_NET) : EnumSet.of(HostUse.TAP);
    }

    /** Returns whether a value means on, for which QEMU accepts several words. */
    static boolean isOn(String value) {
        return value.equals("on") || value.equals("yes") || value.equals("true") || value.equals("y");
    }

    /** Returns descriptors that are given by number; a name stands for a descriptor that a monitor will pass later. */
    private static List<Integer> descriptors(GivenOption backEnd, String one, String several) {
        List<Integer> numbers = new ArrayList<>();
        String all = backEnd.has(several) ? backEnd.value(several) : backEnd.value(one);
        for (String each : all.split(":", -1)) {
            if (each.matches("[0-9]{1,9}")) {
                numbers.add(Integer.parseInt(each));
            }
        }
        return numbers;
    }
}
