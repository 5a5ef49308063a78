// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.guests.qemu.Attachment.Driver;
import org.vhost4j.guests.qemu.Attachment.Offer;
import org.vhost4j.guests.qemu.Attachment.Settings;

/** Tests the conclusions from observations. */
class AttachRecordTest {
    private static final FeatureSet BARE = FeatureSet.of(Feature.VERSION_1, Feature.ACCESS_PLATFORM);

    private final Map<Attachment, Observation> observations = new HashMap<>();
    private FeatureSet behindIommu = FeatureSet.EMPTY;

    /** A QEMU that shows only what a bare back-end offers. */
    AttachRecordTest() {
        for (Attachment attachment : AttachRecord.attachments(AttachMode.NETDEV)) {
            observations.put(attachment, new Observation(BARE, FeatureSet.EMPTY, said()));
        }
    }

    private static Recording said(String... requests) {
        return new Recording(List.of(requests), BARE.minus(FeatureSet.of(Feature.ACCESS_PLATFORM)), Set.of());
    }

    /** Guests of devices with these settings are offered a bit, whatever the driver does. */
    private void offered(Offer offer, Feature feature, Settings... settings) {
        observations.replaceAll((attachment, seen) ->
                attachment.offer().equals(offer) && List.of(settings).contains(attachment.settings())
                        ? new Observation(seen.modern().plus(FeatureSet.of(feature)), seen.legacy(), seen.recording())
                        : seen);
    }

    private void offeredToLegacy(Feature feature) {
        observations.replaceAll((attachment, seen) ->
                new Observation(seen.modern(), seen.legacy().plus(FeatureSet.of(feature)), seen.recording()));
    }

    private void told(Feature feature, Settings settings, Driver driver) {
        observations.computeIfPresent(
                new Attachment(AttachMode.NETDEV, settings, Offer.EVERYTHING, driver),
                (attachment, seen) -> new Observation(
                        seen.modern(),
                        seen.legacy(),
                        new Recording(
                                seen.recording().requests(),
                                seen.recording().features().plus(FeatureSet.of(feature)),
                                seen.recording().protocol())));
    }

    private String handling(Feature feature) {
        return new AttachRecord(
                        AttachMode.NETDEV,
                        Set.of("csum", "packed", "status", "host_mtu", "notify_on_empty"),
                        observations,
                        behindIommu)
                .handling(feature)
                .toString();
    }

    @Test
    void whatTheBackEndOffersIsPassed() {
        offered(Offer.EVERYTHING, Feature.CSUM, Settings.DEFAULT, Settings.ON);
        told(Feature.CSUM, Settings.DEFAULT, Driver.STARTS);
        assertThat(handling(Feature.CSUM)).isEqualTo("passed");
    }

    @Test
    void whatTheBackEndIsNotToldIsSaid() {
        offered(Offer.EVERYTHING, Feature.CSUM, Settings.DEFAULT, Settings.ON);
        assertThat(handling(Feature.CSUM)).isEqualTo("passed, not reported");
    }

    @Test
    void aPropertyThatIsOffByDefaultIsSaid() {
        offered(Offer.EVERYTHING, Feature.RING_PACKED, Settings.ON);
        told(Feature.RING_PACKED, Settings.ON, Driver.STARTS);
        assertThat(handling(Feature.RING_PACKED)).isEqualTo("passed if on");
    }

    @Test
    void aPropertyWithoutEffectIsSaid() {
        offered(Offer.EVERYTHING, Feature.RING_PACKED, Settings.values());
        told(Feature.RING_PACKED, Settings.ON, Driver.STARTS);
        assertThat(handling(Feature.RING_PACKED)).isEqualTo("passed even if off");
        offered(Offer.EVERYTHING, Feature.MAC, Settings.values());
        told(Feature.MAC, Settings.ON, Driver.STARTS);
        assertThat(handling(Feature.MAC)).as("has no property").isEqualTo("passed");
    }

    @Test
    void whatQemuOffersByItselfIsQemus() {
        offered(Offer.EVERYTHING, Feature.STATUS, Settings.DEFAULT, Settings.ON);
        offered(Offer.BARE, Feature.STATUS, Settings.DEFAULT, Settings.ON);
        assertThat(handling(Feature.STATUS)).isEqualTo("QEMU's");
    }

    @Test
    void whatQemuOffersByItselfAndTellsIsSaid() {
        offered(Offer.EVERYTHING, Feature.MTU, Settings.ON);
        offered(Offer.BARE, Feature.MTU, Settings.ON);
        told(Feature.MTU, Settings.ON, Driver.STARTS);
        assertThat(handling(Feature.MTU)).isEqualTo("QEMU's if on, reported");
    }

    @Test
    void whatTheBareBackEndOffersIsNotQemus() {
        assertThat(handling(Feature.VERSION_1)).isEqualTo("passed");
    }

    @Test
    void whatIsToldBehindAnIommuOnlyIsSaid() {
        behindIommu = BARE;
        assertThat(handling(Feature.ACCESS_PLATFORM)).isEqualTo("passed, reported with an IOMMU");
    }

    @Test
    void onlyLegacyDriversSeeSome() {
        offeredToLegacy(Feature.NOTIFY_ON_EMPTY);
        assertThat(handling(Feature.NOTIFY_ON_EMPTY)).isEqualTo("QEMU's even if off to legacy drivers");
        told(Feature.NOTIFY_ON_EMPTY, Settings.DEFAULT, Driver.STARTS_LEGACY);
        assertThat(handling(Feature.NOTIFY_ON_EMPTY)).isEqualTo("QEMU's even if off to legacy drivers, reported");
    }

    @Test
    void whatNoGuestIsOfferedIsBlockedIfThereIsAProperty() {
        assertThat(handling(Feature.CSUM)).isEqualTo("blocked");
        assertThat(handling(Feature.GUEST_HDRLEN)).isEqualTo("–");
        assertThat(handling(Feature.GUEST_UDP_TUNNEL_GSO)).isEqualTo("–");
    }

    @Test
    void phasesAreWhatFollowsThePreviousOne() {
        Map<Driver, List<String>> said = Map.of(
                Driver.LOOKS, List.of("GET_FEATURES"),
                Driver.STARTS, List.of("GET_FEATURES", "SET_FEATURES", "SET_VRING_KICK"),
                Driver.RESETS_QUEUE, List.of("GET_FEATURES", "SET_FEATURES", "SET_VRING_KICK", "GET_VRING_BASE"));
        observations.replaceAll((attachment, seen) -> new Observation(
                seen.modern(),
                seen.legacy(),
                said(said.getOrDefault(attachment.driver(), List.of()).toArray(String[]::new))));
        AttachRecord record = new AttachRecord(AttachMode.NETDEV, Set.of(), observations, behindIommu);
        assertThat(record.atStart(Settings.ON)).containsExactly("GET_FEATURES");
        assertThat(record.atDriver(Settings.ON)).containsExactly("SET_FEATURES", "SET_VRING_KICK");
        assertThat(record.atQueueReset()).containsExactly("GET_VRING_BASE");
    }

    @Test
    void otherMachinesAreComparedWithTheNewest() {
        offered(Offer.EVERYTHING, Feature.RING_PACKED, Settings.DEFAULT, Settings.ON);
        AttachRecord newest = new AttachRecord(AttachMode.NETDEV, Set.of(), observations, behindIommu);
        Map<Attachment, Observation> older = new HashMap<>(observations);
        older.replaceAll((attachment, seen) -> new Observation(BARE, seen.legacy(), seen.recording()));
        AttachRecord old = new AttachRecord(AttachMode.NETDEV, Set.of(), older, behindIommu);
        List<MachineRecord> machines = new ArrayList<>();
        Map.of(
                        "pc-q35-3.0",
                        newest,
                        "pc-q35-2.0",
                        newest,
                        "pc-q35-1.0",
                        old,
                        "pc-i440fx-3.0",
                        newest,
                        "pc-i440fx-2.0",
                        old)
                .entrySet()
                .stream()
                .sorted(Map.Entry.comparingByKey(MachineOrder.NEWEST_FIRST))
                .forEach(entry ->
                        machines.add(new MachineRecord(entry.getKey(), Map.of(AttachMode.NETDEV, entry.getValue()))));
        QemuRecord qemu = new QemuRecord("3.0", "QEMU emulator version 3.0", machines);
        Column column = Column.of(List.of(qemu)).getFirst();
        assertThat(column.title()).isEqualTo("3.0 netdev");
        assertThat(MachineDifferences.of(column))
                .containsExactly(new MachineDifferences(
                        column, "pc-q35-1.0, pc-i440fx-2.0", List.of(Feature.RING_PACKED), Handling.none(false)));
        assertThat(new FeatureTables(List.of(qemu)).text("today"))
                .contains("| 3.0 netdev | pc-q35-1.0, pc-i440fx-2.0 | RING_PACKED | – |")
                .contains("| 34 | RING_PACKED | `packed` | passed, not reported |");
    }

    @Test
    void whatWasNotObservedIsNotGuessed() {
        AttachRecord record = new AttachRecord(AttachMode.NETDEV, Set.of(), Map.of(), behindIommu);
        assertThatThrownBy(() -> record.handling(Feature.CSUM)).hasMessageContaining("was not observed");
    }
}
