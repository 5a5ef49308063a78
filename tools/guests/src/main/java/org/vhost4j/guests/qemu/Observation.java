// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import org.vhost4j.device.feature.FeatureSet;

/**
 * The observation of one device of a QEMU.
 *
 * @param modern the features that the device offers to a modern driver
 * @param legacy the features that the device offers to a legacy driver
 * @param recording the messages that the device's back-end received
 */
record Observation(FeatureSet modern, FeatureSet legacy, Recording recording) {
    /** Returns the features that the device offers to a modern or a legacy driver. */
    FeatureSet offered() {
        return modern.plus(legacy);
    }
}
