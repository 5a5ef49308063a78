// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.cases;

import java.util.List;
import org.vhost4j.conformance.CaseContext;
import org.vhost4j.frontend.DirtyLog;
import org.vhost4j.frontend.NetDriver;

/** Creates and checks the log of dirty pages of a case's guest (vhost-user, "Migration"). */
final class DirtyLogging {
    private DirtyLogging() {}

    /**
     * Creates a log with a bit for each page of the guest, which is not sent to the back-end yet; closed with the case.
     */
    static DirtyLog create(CaseContext context, NetDriver driver) {
        return context.keep(
                DirtyLog.create(driver.ram().guestAddress() + driver.ram().bytes()));
    }

    /** Makes the back-end log to a new log, in QEMU's order of messages. */
    static DirtyLog begin(CaseContext context, NetDriver driver) {
        DirtyLog log = create(context, driver);
        context.note("SET_LOG_BASE, SET_FEATURES with LOG_ALL, SET_VRING_ADDR with VHOST_VRING_F_LOG");
        log.begin(driver);
        driver.frontEnd().barrier();
        return log;
    }

    /** Requires that every page that was written since {@link NetDriver#recordWrites} is marked. */
    static void requireWhole(CaseContext context, NetDriver driver, DirtyLog log) {
        List<Long> lost = log.lost(driver);
        context.require(
                lost.isEmpty(),
                "%d written pages are not marked in the log: %s",
                lost.size(),
                lost.stream().limit(5).map(Long::toHexString).toList());
    }
}
