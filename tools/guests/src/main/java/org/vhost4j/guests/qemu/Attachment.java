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
 * One device of a QEMU with one back-end after it.
 *
 * @param mode how the device reaches the back-end
 * @param settings QEMU's properties of the device
 * @param offer what the back-end offers
 * @param driver what is done with the device
 */
record Attachment(AttachMode mode, Settings settings, Offer offer, Driver driver) {
    /** QEMU's settings of a device's features. */
    enum Settings {
        /** Nothing: the machine type decides. */
        DEFAULT,
        /** Every property of a feature is on. */
        ON,
        /** Every property of a feature is off. */
        OFF
    }

    /**
     * What a back-end offers; all protocol features in addition.
     *
     * @param name what to call it
     * @param features the answer to GET_FEATURES
     */
    record Offer(String name, FeatureSet features) {
        /** All 64 bits. */
        static final Offer EVERYTHING = new Offer("everything", FeatureSet.ofWord(-1));

        /**
         * As little as QEMU starts with: it makes no modern device without VERSION_1, and none at all without ACCESS_PLATFORM
         * when {@code iommu_platform} is on.
         */
        static final Offer BARE =
                new Offer("bare", FeatureSet.of(Feature.PROTOCOL_FEATURES, Feature.VERSION_1, Feature.ACCESS_PLATFORM));

        /** All bits but one. */
        static Offer without(Feature feature) {
            return new Offer("without " + feature, EVERYTHING.features.minus(FeatureSet.of(feature)));
        }

        Consent consent() {
            return new Consent(features.low(), -1);
        }
    }

    /** What a driver does with a device. */
    enum Driver {
        /** Only to look at what is offered. */
        LOOKS,
        /** It starts the device and acknowledges all that it is offered. */
        STARTS,
        /** It starts the device, resets its first queue, and enables that again. */
        RESETS_QUEUE,
        /** It starts the device by the legacy interface and acknowledges all that it is offered there. */
        STARTS_LEGACY
    }

    private static final int QUEUE_PAIRS = 2;
    private static final String MTU = "1400";
    private static final String SPEED = "10000";

    /**
     * QEMU's arguments. They leave MSI-X out: the host's QEMU 7.2 crashes with it where TCG runs it, and interrupts are no part of
     * what is asked.
     *
     * @param slot of the root bus, where the device goes; its identifiers have this number
     * @param socket the back-end's
     * @param known properties that this QEMU's device has
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
