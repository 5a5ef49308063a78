// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vhost4j.device.feature.Feature;

/**
 * The differences between a QEMU's newest machine and its other machines.
 *
 * @param where the column
 * @param machines the machines as text, such as {@code pc-q35-7.1 and older}
 * @param features the bits
 * @param instead their handling on these machines, the same for all
 */
record MachineDifferences(Column where, String machines, List<Feature> features, Handling instead) {
    private record Kind(String machines, Handling instead) {}

    /** Returns all differences of a column. */
    static List<MachineDifferences> of(Column column) {
        Map<Kind, List<Feature>> found = new LinkedHashMap<>();
        List<MachineRecord> machines = column.qemu().machines();
        column.record().handlings().forEach((feature, newest) -> {
            Map<Handling, List<String>> others = new LinkedHashMap<>();
            for (MachineRecord machine : machines) {
                AttachRecord there = machine.modes().get(column.record().mode());
                if (there != null && !there.handling(feature).equals(newest)) {
                    others.computeIfAbsent(there.handling(feature), key -> new ArrayList<>())
                            .add(machine.machine());
                }
            }
            List<String> all = machines.stream().map(MachineRecord::machine).toList();
            others.forEach((handling, types) -> found.computeIfAbsent(
                            new Kind(words(all, types), handling), key -> new ArrayList<>())
                    .add(feature));
        });
        List<MachineDifferences> differences = new ArrayList<>();
        found.forEach((kind, features) ->
                differences.add(new MachineDifferences(column, kind.machines, features, kind.instead)));
        return differences;
    }

    /**
     * Formats machines as a short text.
     *
     * @param all every machine, of each family the newest first
     * @param some a part of them in the same order
     * @return text such as {@code pc-q35-7.1 and older, pc-i440fx-8.0 to pc-i440fx-7.2}
     */
    static String words(List<String> all, List<String> some) {
        List<String> words = new ArrayList<>();
        int at = 0;
        while (at < all.size()) {
            if (!some.contains(all.get(at))) {
                at++;
                continue;
            }
            int first = at;
            String family = MachineOrder.family(all.get(first));
            while (at + 1 < all.size()
                    && some.contains(all.get(at + 1))
                    && MachineOrder.family(all.get(at + 1)).equals(family)) {
                at++;
            }
            boolean oldest = at + 1 == all.size()
                    || !MachineOrder.family(all.get(at + 1)).equals(family);
            words.add(first == at ? all.get(first) : all.get(first) + (oldest ? " and older" : " to " + all.get(at)));
            at++;
        }
        return String.join(", ", words);
    }
}
