// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** States whether the guest is offered the feature of a property, with the reason. Depends on the back-end, never on the host. */
public enum Availability {
    /** The guest is offered the feature. */
    OFFERED("offered"),
    /** The value is off: the guest is not offered the feature. */
    OFF("not offered"),
    /** The value is on, but vhost-user's 64-bit feature word does not contain the bit: the guest is not offered the feature. */
    NOT_CARRIED("not carried by vhost-user"),
    /** The value is on, but this back-end's device does not support the feature: the guest is not offered it. */
    NOT_IN_DEVICE("not in this back-end"),
    /** QEMU implements the property; it does not concern the back-end. */
    FRONT_END("decided in QEMU");

    private final String title;

    Availability(String title) {
        this.title = title;
    }

    /**
     * Returns the name that messages for users contain.
     *
     * @return a few words
     */
    public String title() {
        return title;
    }
}
