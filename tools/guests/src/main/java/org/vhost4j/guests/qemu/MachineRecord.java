// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * One machine of one QEMU.
 *
 * @param machine its type
 * @param modes what was observed, by how the back-end is attached
 */
record MachineRecord(String machine, Map<AttachMode, AttachRecord> modes) {
    MachineRecord {
        modes = Collections.unmodifiableMap(new EnumMap<>(modes));
    }
}
