// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz.attack;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.ring.RingLayout;

/**
 * The kind of attack in a round.
 *
 * @param layout layout of the rings
 * @param queue index of the queue whose fields are flipped: 0 receive, 1 transmit, 2 control
 * @param indirect whether its chains are in indirect tables
 * @param events whether EVENT_IDX is negotiated
 */
record Kind(RingLayout layout, int queue, boolean indirect, boolean events) {
    private static final String[] QUEUES = {"receive", "transmit", "control"};

    static List<Kind> all() {
        List<Kind> all = new ArrayList<>();
        for (RingLayout layout : RingLayout.values()) {
            for (int queue = 0; queue < QUEUES.length; queue++) {
                for (int how = 0; how < 4; how++) {
                    all.add(new Kind(layout, queue, (how & 1) != 0, (how & 2) != 0));
                }
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return "%s, %s, %s%s"
                .formatted(
                        layout == RingLayout.SPLIT ? "split" : "packed",
                        QUEUES[queue],
                        indirect ? "indirect" : "direct",
                        events ? ", events" : "");
    }
}
