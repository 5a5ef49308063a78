// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The observations of one machine of one QEMU.
 *
 * @param machine the machine type
 * @param modes the observations by attach mode
 */
record MachineRecord(String machine, Map<AttachMode, AttachRecord> modes) {
    MachineRecord {
        modes = Collections.unmodifiableMap(new EnumMap<>(modes));
    }
}
