// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A QEMU machine type: the property values of network devices that QEMU preserves for guests that were started with it.
 *
 * @param name the name for {@code -machine}
 * @param title the title for users
 * @param aliases other names
 * @param isDefault whether it is the default machine
 * @param deprecated the reason for not using it any more, if it is deprecated
 * @param assignments values of properties, each with the definition that assigns it
 * @param qemu QEMU version that introduced it; for a distribution's machine, the version on which it is based; empty
 *     for a machine without versions
 * @param origin the file from which it was read
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
