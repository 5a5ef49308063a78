// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.steering.HashTypes;

/** Tests that the settings of a driver have the same effect on another device after a migration. */
class SettingCommandsTest {
    private static final int PAIRS = 127;
    private static final long MAC = 0x5254_0000_0001L;
    private static final FeatureSet FEATURES = FeatureSet.of(
            Feature.VERSION_1,
            Feature.CTRL_VQ,
            Feature.CTRL_RX,
            Feature.CTRL_RX_EXTRA,
            Feature.CTRL_VLAN,
            Feature.CTRL_MAC_ADDR,
            Feature.CTRL_GUEST_OFFLOADS,
            Feature.GUEST_CSUM,
            Feature.GUEST_TSO4,
            Feature.GUEST_TSO6,
            Feature.MQ,
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.NOTF_COAL,
            Feature.VQ_NOTF_COAL);

    private final Side here = new Side();
    private final Side there = new Side();

    /** One device, with the commands of its driver. */
    private static final class Side {
        final DeviceState device = new DeviceState(
                new NetDeviceConfig("guest", MAC, PAIRS, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                () -> {},
                DeviceOwner.NONE);
        final DeviceControl control = new DeviceControl(device);
        final ControlCommands commands = new ControlCommands(device.driver);

        boolean tell(byte[] command) {
            return commands.execute(command, 64).done();
        }

        boolean wants(long destination, int vlan) {
            return device.reception.filter.passes(
                    destination, vlan < 0 ? 0x0800 : 0x8100, vlan, device.configSpace.mac());
        }
    }

    private static CommandBytes command(int commandClass, int command) {
        return new CommandBytes(commandClass, command);
    }

    private static CommandBytes mac(CommandBytes command, long address) {
        for (int shift = 40; shift >= 0; shift -= 8) {
            command.le(address >>> shift, 1);
        }
        return command;
    }

    private static long address(int number, boolean group) {
        return (group ? 0x0100_5e00_0000L : 0x0200_0000_0000L) + number;
    }

    private static byte[] macTable(int unicasts, int multicasts, int first) {
        CommandBytes table = command(1, 0).le32(unicasts);
        for (int i = 0; i < unicasts; i++) {
            mac(table, address(first + i, false));
        }
        table.le32(multicasts);
        for (int i = 0; i < multicasts; i++) {
            mac(table, address(first + i, true));
        }
        return table.bytes();
    }

    private static byte[] random(SplittableRandom random) {
        return switch (random.nextInt(12)) {
            case 0, 1 -> command(0, random.nextInt(6)).le(random.nextInt(2), 1).bytes();
            case 2 -> mac(command(1, 1), address(random.nextInt(1000), false)).bytes();
            case 3 -> macTable(random.nextInt(90), random.nextInt(90), random.nextInt(8));
            case 4, 5 -> command(2, random.nextInt(2)).le16(random.nextInt(64)).bytes();
            case 6 -> command(4, 0).le16(1 + random.nextInt(PAIRS)).bytes();
            case 7 ->
                command(4, 1)
                        .le32(HashTypes.ALL)
                        .le16(1)
                        .le16(random.nextInt(PAIRS))
                        .le16(random.nextInt(PAIRS))
                        .le16(random.nextInt(PAIRS))
                        .le16(1)
                        .le(4, 1)
                        .le32(random.nextInt())
                        .bytes();
            case 8 ->
                command(4, 2)
                        .le32(HashTypes.TCPV4)
                        .le64(0)
                        .le(2, 1)
                        .le16(random.nextInt(1 << 16))
                        .bytes();
            case 9 ->
                command(5, 0)
                        .le64(random.nextBoolean() ? 0 : Feature.GUEST_CSUM.mask() | Feature.GUEST_TSO4.mask())
                        .bytes();
            case 10 ->
                command(6, random.nextInt(2))
                        .le32(random.nextInt(100))
                        .le32(random.nextInt(100))
                        .bytes();
            default ->
                command(6, 2)
                        .le16(random.nextInt(2 * PAIRS))
                        .le16(0)
                        .le32(random.nextInt(100))
                        .le32(random.nextInt(100))
                        .bytes();
        };
    }

    private void assertSame() {
        for (int i = 0; i < 110; i++) {
            for (int vlan = -1; vlan < 64; vlan++) {
                for (boolean group : new boolean[] {false, true}) {
                    assertThat(there.wants(address(i, group), vlan))
                            .as("%d in VLAN %d", i, vlan)
                            .isEqualTo(here.wants(address(i, group), vlan));
                }
            }
        }
        long broadcast = 0xffff_ffff_ffffL;
        assertThat(there.wants(broadcast, -1)).isEqualTo(here.wants(broadcast, -1));
        assertThat(there.device.configSpace.mac()).isEqualTo(here.device.configSpace.mac());
        assertThat(there.device.reception.steering)
                .usingRecursiveComparison()
                .ignoringFields("flows", "hash.headers", "hash.value")
                .isEqualTo(here.device.reception.steering);
        assertThat(there.device.driver.features.guestOffloads()).isEqualTo(here.device.driver.features.guestOffloads());
        for (int queue = 0; queue < 2 * PAIRS; queue++) {
            assertThat(there.device.driver.moderations.of(queue)).isEqualTo(here.device.driver.moderations.of(queue));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverADriverHasSaid(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        here.control.features(FEATURES);
        // Without this command every frame passes the filter, whatever the tables contain.
        assertThat(here.tell(command(0, 0).le(0, 1).bytes())).isTrue();
        for (int i = 0; i < 5 << seed; i++) {
            assertThat(here.tell(random(random))).isTrue();
        }
        List<byte[]> settings = here.control.settings();
        there.control.settings(settings);
        there.control.features(FEATURES);
        assertSame();
        assertThat(there.control.settings()).as("for the next move").containsExactlyElementsOf(settings);
    }

    /** After a hand-over to another process, the settings can still be migrated. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8})
    void aHandOverKeepsThemForTheNextMove(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        here.control.features(FEATURES);
        for (int i = 0; i < 5 << seed; i++) {
            assertThat(here.tell(random(random))).isTrue();
        }
        List<byte[]> settings = here.control.settings();
        assertThat(settings).isNotEmpty();
        there.control.features(FEATURES);
        there.control.restore(here.control.save());
        assertSame();
        assertThat(there.control.settings()).containsExactlyElementsOf(settings);
    }

    @Test
    void theMostThatADriverCanSetIsBounded() {
        here.control.features(FEATURES);
        for (int id = 0; id < 4096; id++) {
            assertThat(here.tell(command(2, 0).le16(id).bytes())).isTrue();
        }
        for (int queue = 0; queue < 2 * PAIRS; queue++) {
            assertThat(here.tell(command(6, 2).le16(queue).le16(0).le64(0).bytes()))
                    .isTrue();
        }
        for (int mode = 0; mode < 6; mode++) {
            assertThat(here.tell(command(0, mode).le(0, 1).bytes())).isTrue();
        }
        for (int round = 0; round < 3; round++) {
            assertThat(here.tell(macTable(5000, 5000, round))).isTrue();
            assertThat(here.tell(command(4, 1)
                            .le32(HashTypes.ALL)
                            .le16(127)
                            .le16(0)
                            .zeros(256)
                            .le16(1)
                            .le(40, 1)
                            .zeros(40)
                            .bytes()))
                    .isTrue();
            assertThat(here.tell(command(4, 0).le16(3).bytes())).isTrue();
        }
        List<byte[]> settings = here.control.settings();
        assertThat(settings).hasSizeLessThanOrEqualTo(5000);
        assertThat(settings.stream().mapToInt(command -> 2 + command.length).sum())
                .isBetween(28_000, 1 << 15);
    }

    @Test
    void aNewDriverBeginsClean() {
        here.control.features(FEATURES);
        assertThat(here.tell(command(0, 0).le(0, 1).bytes())).isTrue();
        assertThat(here.wants(address(1, false), -1)).isFalse();
        there.control.settings(here.control.settings());
        there.control.features(FEATURES);
        assertThat(there.wants(address(1, false), -1)).isFalse();
        there.control.newDriver();
        assertThat(there.wants(address(1, false), -1)).isTrue();
        there.control.features(FEATURES.minus(FeatureSet.of(Feature.MQ)));
        assertThat(there.wants(address(1, false), -1)).isTrue();
        assertThat(there.control.settings()).isEmpty();
    }

    @Test
    void featuresMayComeTwiceBeforeTheFirstQueueRuns() {
        here.control.features(FEATURES);
        assertThat(here.tell(command(0, 0).le(0, 1).bytes())).isTrue();
        there.control.settings(here.control.settings());
        there.control.features(FEATURES.minus(FeatureSet.of(Feature.MQ, Feature.CTRL_RX)));
        assertThat(there.wants(address(1, false), -1)).as("not allowed").isTrue();
        there.control.features(FEATURES);
        assertThat(there.wants(address(1, false), -1)).isFalse();
    }
}
