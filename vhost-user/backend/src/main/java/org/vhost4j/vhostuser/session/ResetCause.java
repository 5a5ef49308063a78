// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

/** The reason why a session resets its device. */
public enum ResetCause {
    /** RESET_DEVICE: the machine or the driver was reset. */
    RESET_DEVICE,
    /**
     * SET_STATUS with 0. The driver has reset the device, or the machine is only paused: QEMU sends this request whenever it stops a
     * device, and a driver that continues after a pause does not configure the device again.
     */
    STATUS_CLEARED
}
