// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.qemu.Attachment.Driver;
import org.vhost4j.guests.qemu.Attachment.Offer;
import org.vhost4j.guests.qemu.Attachment.Settings;
import org.vhost4j.platform.definition.Property;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The observations of one attach mode on one machine of one QEMU, and the conclusions from them.
 *
 * @param mode the attach mode
 * @param properties properties of the device
 * @param observations observations by attachment, for all of {@link #attachments}
 * @param behindIommu the messages that a back-end received when the machine had an IOMMU for the device; empty when that was not observed
 */
record AttachRecord(
        AttachMode mode, Set<String> properties, Map<Attachment, Observation> observations, FeatureSet behindIommu) {
    AttachRecord {
        properties = Set.copyOf(properties);
        observations = Map.copyOf(observations);
    }

    /** Returns the attachments that have to be observed. */
    static List<Attachment> attachments(AttachMode mode) {
        List<Attachment> attachments = new ArrayList<>();
        for (Settings settings : Settings.values()) {
            attachments.add(new Attachment(mode, settings, Offer.EVERYTHING, Driver.STARTS));
        }
        for (Settings settings : List.of(Settings.DEFAULT, Settings.ON)) {
            attachments.add(new Attachment(mode, settings, Offer.BARE, Driver.LOOKS));
            attachments.add(new Attachment(mode, settings, Offer.EVERYTHING, Driver.LOOKS));
        }
        attachments.add(new Attachment(mode, Settings.ON, Offer.EVERYTHING, Driver.RESETS_QUEUE));
        if (mode == AttachMode.NETDEV) {
            attachments.add(new Attachment(mode, Settings.DEFAULT, Offer.EVERYTHING, Driver.STARTS_LEGACY));
        }
        return attachments;
    }

    /** Returns the attachment that is observed behind an IOMMU. */
    static Attachment iommuAttachment(AttachMode mode) {
        return new Attachment(mode, Settings.ON, Offer.EVERYTHING, Driver.STARTS);
    }

    /** Returns the observation of one of {@link #attachments}. */
    Observation observation(Attachment attachment) {
        Observation observation = observations.get(attachment);
        if (observation == null) {
            throw new IllegalStateException(attachment + " was not observed");
        }
        return observation;
    }

    private Observation observation(Settings settings, Offer offer, Driver driver) {
        return observation(new Attachment(mode, settings, offer, driver));
    }

    private Observation started(Settings settings) {
        return observation(settings, Offer.EVERYTHING, Driver.STARTS);
    }

    private FeatureSet bare(Settings settings) {
        // The bits that the bare back-end itself offers show nothing about QEMU.
        return observation(settings, Offer.BARE, Driver.LOOKS).offered().minus(Offer.BARE.features());
    }

    /** Returns QEMU's handling of a bit. */
    Handling handling(Feature feature) {
        boolean property = Property.of(feature)
                .filter(each -> properties.contains(each.name()))
                .isPresent();
        Observation byDefault = started(Settings.DEFAULT);
        Observation on = started(Settings.ON);
        FeatureSet qemus = bare(Settings.DEFAULT).plus(bare(Settings.ON));
        if (!byDefault.offered().plus(on.offered()).has(feature)) {
            return Handling.none(property);
        }
        Handling.Origin origin = qemus.has(feature) ? Handling.Origin.QEMUS : Handling.Origin.PASSED;
        boolean unset = (origin == Handling.Origin.QEMUS ? bare(Settings.DEFAULT) : byDefault.offered()).has(feature);
        boolean legacy = !byDefault.modern().plus(on.modern()).has(feature);
        return new Handling(origin, when(feature, property, unset), legacy, told(feature, legacy));
    }

    private Handling.When when(Feature feature, boolean property, boolean unset) {
        if (property && started(Settings.OFF).offered().has(feature)) {
            return Handling.When.EVEN_IF_OFF;
        }
        return unset ? Handling.When.BY_DEFAULT : Handling.When.IF_ON;
    }

    private Handling.Told told(Feature feature, boolean legacy) {
        FeatureSet words = started(Settings.DEFAULT)
                .recording()
                .features()
                .plus(started(Settings.ON).recording().features());
        if (legacy) {
            words = observation(Settings.DEFAULT, Offer.EVERYTHING, Driver.STARTS_LEGACY)
                    .recording()
                    .features();
        }
        if (words.has(feature)) {
            return Handling.Told.TOLD;
        }
        return behindIommu.has(feature) ? Handling.Told.WITH_IOMMU : Handling.Told.NOT_TOLD;
    }

    /** Returns QEMU's handling of every bit except PROTOCOL_FEATURES, which only QEMU and the back-end use. */
    Map<Feature, Handling> handlings() {
        Map<Feature, Handling> handlings = new EnumMap<>(Feature.class);
        for (Feature feature : Feature.values()) {
            if (feature != Feature.PROTOCOL_FEATURES) {
                handlings.put(feature, handling(feature));
            }
        }
        return handlings;
    }

    /** Returns the protocol features that QEMU acknowledges when all are offered. */
    Set<ProtocolFeature> protocol() {
        return started(Settings.DEFAULT).recording().protocol();
    }

    /** Returns the requests until the machine is complete. */
    List<String> atStart(Settings settings) {
        return observation(settings, Offer.EVERYTHING, Driver.LOOKS).recording().requests();
    }

    /** Returns the requests from a driver's reset of the device up to its DRIVER_OK. */
    List<String> atDriver(Settings settings) {
        List<String> all = started(settings).recording().requests();
        return all.subList(atStart(settings).size(), all.size());
    }

    /** Returns the requests when a driver resets a queue of a running device and enables it again. */
    List<String> atQueueReset() {
        List<String> all = observation(Settings.ON, Offer.EVERYTHING, Driver.RESETS_QUEUE)
                .recording()
                .requests();
        return all.subList(started(Settings.ON).recording().requests().size(), all.size());
    }
}
