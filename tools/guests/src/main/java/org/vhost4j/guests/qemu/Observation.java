// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import org.vhost4j.device.feature.FeatureSet;

/**
 * What one device of a QEMU showed.
 *
 * @param modern what it offers to a modern driver
 * @param legacy what it offers to a legacy driver
 * @param recording what its back-end received
 */
record Observation(FeatureSet modern, FeatureSet legacy, Recording recording) {
    /** What it offers to one driver or the other. */
    FeatureSet offered() {
        return modern.plus(legacy);
    }
}
