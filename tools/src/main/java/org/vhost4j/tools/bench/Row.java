// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.bench;

/**
 * One row of the comparison.
 *
 * @param direction which way frames go
 * @param frameBytes their size from the destination MAC address on, without FCS
 * @param mergeable whether the driver accepts MRG_RXBUF
 * @param packed whether its rings are packed rather than split
 */
record Row(Direction direction, int frameBytes, boolean mergeable, boolean packed) {
    @Override
    public String toString() {
        return "%s %d bytes, mergeable %s%s"
                .formatted(direction.title(), frameBytes, mergeable ? "on" : "off", packed ? ", packed" : "");
    }
}
