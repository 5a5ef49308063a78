// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

/** The reason why a session resets its device. */
public enum ResetCause {
    /** RESET_DEVICE: the machine or the driver was reset. */
    RESET_DEVICE,
    /**
     * SET_STATUS with 0. Besides the driver's reset this may be a machine that is only paused: QEMU sends it whenever
     * it stops a device, and a paused driver does not configure the device again.
     */
    STATUS_CLEARED
}
