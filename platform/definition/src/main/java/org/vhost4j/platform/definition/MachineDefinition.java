// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A QEMU machine type, as far as a network device sees it: the property values that QEMU keeps for guests that started on it.
 *
 * @param name as {@code -machine} takes it
 * @param title its title for users
 * @param aliases other names
 * @param isDefault whether it is taken when none is named
 * @param deprecated why not to use it any more, if so
 * @param assignments the properties that it states, each with the definition that the assignment comes from
 * @param qemu the QEMU that has brought it; for a distribution's machine the one it was made of; nothing for a machine without versions
 * @param origin the file that it was read from
 */
public record MachineDefinition(
        String name,
        String title,
        List<String> aliases,
        boolean isDefault,
        Optional<String> deprecated,
        Map<Property, Assignment> assignments,
        Optional<QemuVersion> qemu,
        String origin) {
    /** Copies the collections. */
    public MachineDefinition {
        aliases = List.copyOf(aliases);
        assignments = Collections.unmodifiableMap(new LinkedHashMap<>(assignments));
    }
}
