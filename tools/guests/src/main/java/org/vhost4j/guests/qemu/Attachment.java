// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.definition.Property;

/**
 * One virtio device of a QEMU with its own back-end.
 *
 * @param mode how the device is connected to the back-end
 * @param settings QEMU's properties of the device
 * @param offer the feature bits that the back-end offers
 * @param driver the actions of the driver
 */
record Attachment(AttachMode mode, Settings settings, Offer offer, Driver driver) {
    /** QEMU's settings of a device's features. */
    enum Settings {
        /** No property is set: the machine type decides. */
        DEFAULT,
        /** Every property of a feature is on. */
        ON,
        /** Every property of a feature is off. */
        OFF
    }

    /**
     * The virtio features that a back-end offers. It also offers all protocol features.
     *
     * @param name name of the offer
     * @param features the answer to GET_FEATURES
     */
    record Offer(String name, FeatureSet features) {
        /** Offers all 64 bits. */
        static final Offer EVERYTHING = new Offer("everything", FeatureSet.ofWord(-1));

        /**
         * The minimum that QEMU starts with: it creates no modern device without VERSION_1, and no device at all without ACCESS_PLATFORM
         * when {@code iommu_platform} is on.
         */
        static final Offer BARE =
                new Offer("bare", FeatureSet.of(Feature.PROTOCOL_FEATURES, Feature.VERSION_1, Feature.ACCESS_PLATFORM));

        /** Offers all bits except one. */
        static Offer without(Feature feature) {
            return new Offer("without " + feature, EVERYTHING.features.minus(FeatureSet.of(feature)));
        }

        Consent consent() {
            return new Consent(features.low(), -1);
        }
    }

    /** The actions of a driver with a device. */
    enum Driver {
        /** The driver only reads the offered bits. */
        LOOKS,
        /** The driver starts the device and acknowledges all bits that it is offered. */
        STARTS,
        /** The driver starts the device, resets its first queue, and enables the queue again. */
        RESETS_QUEUE,
        /** The driver starts the device through the legacy interface and acknowledges all bits that it is offered there. */
        STARTS_LEGACY
    }

    private static final int QUEUE_PAIRS = 2;
    private static final String MTU = "1400";
    private static final String SPEED = "10000";

    /**
     * Returns QEMU's arguments. They disable MSI-X: the host's QEMU 7.2 crashes with it under TCG, and the survey does not need interrupts.
     *
     * @param slot the slot of the root bus for the device; the identifiers contain this number
     * @param socket the path of the back-end's socket
     * @param known the properties that the device has in this QEMU
     */
    List<String> arguments(int slot, Path socket, Set<String> known) {
        List<String> arguments = new ArrayList<>(List.of("-chardev", "socket,id=char" + slot + ",path=" + socket));
        List<String> device = new ArrayList<>(List.of(mode.type(), "addr=0x" + Integer.toHexString(slot)));
        if (mode == AttachMode.NETDEV) {
            arguments.add("-netdev");
            arguments.add("vhost-user,id=net" + slot + ",chardev=char" + slot
                    + (settings == Settings.ON ? ",queues=" + QUEUE_PAIRS : ""));
            device.addAll(List.of("netdev=net" + slot, "vectors=0", "romfile="));
        } else {
            device.addAll(List.of(
                    "chardev=char" + slot,
                    "virtio-id=1",
                    "num_vqs=" + (2 * QUEUE_PAIRS + 1),
                    "vq_size=256",
                    "config_size=24"));
        }
        if (settings != Settings.DEFAULT) {
            for (Property property : Property.all()) {
                if (property.feature().isPresent() && known.contains(property.name())) {
                    value(property).ifPresent(value -> device.add(property.name() + "=" + value));
                }
            }
        }
        if (settings == Settings.ON && known.contains("disable-legacy")) {
            // QEMU refuses iommu_platform=on for a device that legacy drivers can use.
            device.addAll(List.of("disable-legacy=on", "disable-modern=off"));
        }
        arguments.addAll(List.of("-device", String.join(",", device)));
        return arguments;
    }

    private Optional<String> value(Property property) {
        boolean on = settings == Settings.ON;
        return switch (property.kind()) {
            case MTU -> Optional.of(on ? MTU : "0");
            // QEMU's own "not set" is not 0.
            case SPEED -> on ? Optional.of(SPEED) : Optional.empty();
            default -> Optional.of(on ? Property.ON : Property.OFF);
        };
    }
}
