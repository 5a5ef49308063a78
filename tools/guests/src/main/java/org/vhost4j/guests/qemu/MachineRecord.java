// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * One machine of one QEMU.
 *
 * @param machine its type
 * @param modes what was observed, by the way of attaching a back-end
 */
record MachineRecord(String machine, Map<AttachMode, AttachRecord> modes) {
    MachineRecord {
        modes = Collections.unmodifiableMap(new EnumMap<>(modes));
    }
}
