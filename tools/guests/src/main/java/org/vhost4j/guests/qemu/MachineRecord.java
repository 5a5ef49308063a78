// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.vhost4j.guests.qemu.Attachment.Way;

/**
 * One machine of one QEMU.
 *
 * @param machine its type
 * @param ways what was observed, by the way of attaching a back-end
 */
record MachineRecord(String machine, Map<Way, WayRecord> ways) {
    MachineRecord {
        ways = Collections.unmodifiableMap(new EnumMap<>(ways));
    }
}
