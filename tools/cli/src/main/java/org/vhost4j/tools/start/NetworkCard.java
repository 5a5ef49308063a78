// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.platform.probe.HostUse;

/**
 * A virtio network card of the command line, and its back-end.
 *
 * @param name name for messages
 * @param settings the card's properties on the command line, with QEMU's names
 * @param uses the ways in which the card uses the kernel; empty when a program processes its frames
 * @param taps descriptors of TAPs that were passed
 * @param vhosts descriptors of vhost-net that were passed
 */
record NetworkCard(
        String name, Map<String, String> settings, Set<HostUse> uses, List<Integer> taps, List<Integer> vhosts) {
    NetworkCard {
        settings = Map.copyOf(new LinkedHashMap<>(settings));
        Set<HostUse> copy = EnumSet.noneOf(HostUse.class);
        copy.addAll(uses);
        uses = Set.copyOf(copy);
        taps = List.copyOf(taps);
        vhosts = List.copyOf(vhosts);
    }
}
