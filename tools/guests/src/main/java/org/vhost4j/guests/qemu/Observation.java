// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import org.vhost4j.device.feature.FeatureSet;

/**
 * The observation of one device of a QEMU.
 *
 * @param modern features that it offers to a modern driver
 * @param legacy features that it offers to a legacy driver
 * @param recording messages that its back-end received
 */
record Observation(FeatureSet modern, FeatureSet legacy, Recording recording) {
    /** Returns the features that it offers to either driver. */
    FeatureSet offered() {
        return modern.plus(legacy);
    }
}
