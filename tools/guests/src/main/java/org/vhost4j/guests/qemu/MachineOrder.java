// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Arrays;
import java.util.Comparator;

/** The order of machine types, which are named as {@code pc-q35-10.1}. */
final class MachineOrder {
    /** The order: q35 before i440fx, and of each the newest first. */
    static final Comparator<String> NEWEST_FIRST = Comparator.comparing(MachineOrder::family)
            .reversed()
            .thenComparing((first, second) -> Arrays.compare(version(second), version(first)));

    private MachineOrder() {}

    /** Returns the name without its version, such as {@code pc-q35}. */
    static String family(String machine) {
        return machine.substring(0, machine.lastIndexOf('-'));
    }

    private static int[] version(String machine) {
        return Arrays.stream(machine.substring(machine.lastIndexOf('-') + 1).split("\\.", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
    }
}
