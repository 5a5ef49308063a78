// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

/**
 * What a QEMU makes of one feature bit between a guest and a vhost-user back-end.
 *
 * @param origin who decides that the guest is offered it
 * @param when what QEMU's property has to be for that
 * @param legacy whether only legacy drivers are offered it
 * @param told whether the back-end learns that the guest has acknowledged it
 */
record Handling(Origin origin, When when, boolean legacy, Told told) {
    /** Who decides. */
    enum Origin {
        /** Back-end and QEMU: the guest is offered the bit when the back-end offers it. */
        PASSED("passed"),
        /** QEMU alone: the guest is offered the bit even when the back-end does not offer it. */
        QEMUS("QEMU's"),
        /** Not offered to the guest, although the back-end offers it and the property is on. */
        BLOCKED("blocked"),
        /** None: QEMU has no property for it, and the guest is not offered it. */
        UNKNOWN("–");

        private final String text;

        Origin(String text) {
            this.text = text;
        }
    }

    /** What the property has to be. */
    enum When {
        /** The property has its default value, or there is none. */
        BY_DEFAULT(""),
        /** The property has to be on. */
        IF_ON(" if on"),
        /** The value of the property has no effect. */
        EVEN_IF_OFF(" even if off");

        private final String text;

        When(String text) {
            this.text = text;
        }
    }

    /** Whether SET_FEATURES has the bit. */
    enum Told {
        /** SET_FEATURES always has the bit. */
        TOLD,
        /** SET_FEATURES has the bit only when the machine has an IOMMU for the device. */
        WITH_IOMMU,
        /** SET_FEATURES never has the bit. */
        NOT_TOLD
    }

    /** A bit that no guest is offered. */
    static Handling none(boolean property) {
        return new Handling(property ? Origin.BLOCKED : Origin.UNKNOWN, When.BY_DEFAULT, false, Told.NOT_TOLD);
    }

    /** Formats the cell of the table; it mentions {@link Told} only where it differs from the usual value. */
    @Override
    public String toString() {
        if (origin == Origin.BLOCKED || origin == Origin.UNKNOWN) {
            return origin.text;
        }
        String told = switch (this.told) {
            case TOLD -> origin == Origin.QEMUS ? ", told" : "";
            case WITH_IOMMU -> ", told with an IOMMU";
            case NOT_TOLD -> origin == Origin.PASSED ? ", not told" : "";
        };
        return origin.text + when.text + (legacy ? " to legacy drivers" : "") + told;
    }
}
