// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/**
 * The layers that may assign a property's value, weakest first: a later layer's assignment overrides an earlier one's.
 */
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
     * Returns its name for users.
     *
     * @return one or two words
     */
    public String title() {
        return title;
    }
}
