// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

/**
 * QEMU's handling of one feature bit between a guest and a vhost-user back-end.
 *
 * @param origin the side that decides whether the guest is offered the bit
 * @param when required value of QEMU's property
 * @param legacy whether only legacy drivers are offered the bit
 * @param told whether SET_FEATURES has the bit when the guest has acknowledged it
 */
record Handling(Origin origin, When when, boolean legacy, Told told) {
    /** The side that decides whether the guest is offered a bit. */
    enum Origin {
        /** Back-end and QEMU: QEMU offers the bit to the guest when the back-end offers it. */
        PASSED("passed"),
        /** QEMU alone: QEMU offers the bit to the guest even when the back-end does not offer it. */
        QEMUS("QEMU's"),
        /** Not offered to the guest, although the back-end offers it and the property is on. */
        BLOCKED("blocked"),
        /** None: QEMU has no property for the bit, and does not offer it to the guest. */
        UNKNOWN("–");

        private final String text;

        Origin(String text) {
            this.text = text;
        }
    }

    /** The required value of the property. */
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

    /** The condition under which SET_FEATURES has the bit. */
    enum Told {
        /** SET_FEATURES always has the bit. */
        TOLD,
        /** SET_FEATURES has the bit only when the machine has an IOMMU for the device. */
        WITH_IOMMU,
        /** SET_FEATURES never has the bit. */
        NOT_TOLD
    }

    /** Returns the handling of a bit that no guest is offered. */
    static Handling none(boolean property) {
        return new Handling(property ? Origin.BLOCKED : Origin.UNKNOWN, When.BY_DEFAULT, false, Told.NOT_TOLD);
    }

    /** Formats the table cell; the cell mentions {@link Told} only where that is not the usual value for the origin. */
    @Override
    public String toString() {
        if (origin == Origin.BLOCKED || origin == Origin.UNKNOWN) {
            return origin.text;
        }
        String told = switch (this.told) {
            case TOLD -> origin == Origin.QEMUS ? ", reported" : "";
            case WITH_IOMMU -> ", reported with an IOMMU";
            case NOT_TOLD -> origin == Origin.PASSED ? ", not reported" : "";
        };
        return origin.text + when.text + (legacy ? " to legacy drivers" : "") + told;
    }
}
