// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** The layers that may assign a value to a property, weakest first: a later layer overrides an earlier one. */
public enum Layer {
    /** The default of the back-end's device. */
    DEVICE("device default"),
    /** The machine type. */
    MACHINE("machine"),
    /** The platform. */
    PLATFORM("platform"),
    /** The operator's own setting. */
    EXPLICIT("explicit");

    private final String title;

    Layer(String title) {
        this.title = title;
    }

    /**
     * Returns the name that messages for users contain.
     *
     * @return one or two words
     */
    public String title() {
        return title;
    }
}
