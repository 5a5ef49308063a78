// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.List;

/**
 * A column of the table: one QEMU with one attach mode.
 *
 * @param qemu the QEMU
 * @param record the observations of its newest machine
 */
record Column(QemuRecord qemu, AttachRecord record) {
    /** Returns the columns of QEMUs, in their order. */
    static List<Column> of(List<QemuRecord> qemus) {
        List<Column> columns = new ArrayList<>();
        for (QemuRecord qemu : qemus) {
            qemu.newest().modes().values().forEach(record -> columns.add(new Column(qemu, record)));
        }
        return columns;
    }

    /** Returns a title such as {@code 11.1 netdev}. */
    String title() {
        return qemu.name() + " " + record.mode();
    }
}
