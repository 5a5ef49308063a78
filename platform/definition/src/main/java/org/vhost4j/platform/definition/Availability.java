// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** Whether and why a property's value reaches the guest. Depends on the back-end, never on the host. */
public enum Availability {
    /** The guest is offered the feature. */
    OFFERED("offered"),
    /** The value is off: the guest is not offered the feature. */
    OFF("not offered"),
    /**
     * The value is on, but the bit is beyond vhost-user's 64-bit feature word: the guest is not offered the feature.
     */
    NOT_CARRIED("not carried by vhost-user"),
    /** The value is on, but this back-end's device has no such feature: the guest is not offered it. */
    NOT_IN_DEVICE("not in this back-end"),
    /** The property belongs to QEMU's side of the device; the back-end has no part in it. */
    FRONT_END("decided in QEMU");

    private final String title;

    Availability(String title) {
        this.title = title;
    }

    /**
     * Returns its name for users.
     *
     * @return a few words
     */
    public String title() {
        return title;
    }
}
