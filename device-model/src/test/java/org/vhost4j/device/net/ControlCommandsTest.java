// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.steering.HashTypes;

/**
 * Tests commands with tables or several fields: which of them are accepted, and that all others are refused without
 * effect.
 */
class ControlCommandsTest {
    private static final int PAIRS = 4;

    private final DeviceState device = new DeviceState(
            new NetDeviceConfig("guest", 0x5254_0000_0001L, PAIRS, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
            () -> {},
            DeviceOwner.NONE);
    private final ControlCommands commands = new ControlCommands(device.driver);

    private void negotiate(Feature... more) {
        device.driver.acknowledge(FeatureSet.of(Feature.CTRL_VQ, Feature.MQ).plus(FeatureSet.of(more)));
    }

    private static CommandBytes command(int commandClass, int command) {
        return new CommandBytes(commandClass, command);
    }

    private boolean ok(byte[] command) {
        return commands.execute(command, 0).done();
    }

    private static byte[] rss(int types, int mask, int unclassified, int senders, int key, int... table) {
        CommandBytes data = command(4, 1).le32(types).le16(mask).le16(unclassified);
        for (int pair : table) {
            data.le16(pair);
        }
        return data.le16(senders).le(key, 1).zeros(key).bytes();
    }

    @Test
    void scalingIsTakenWhenEveryFieldIsAllowed() {
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 4, 40, 0, 1, 2, 3)))
                .as("not negotiated")
                .isFalse();
        negotiate(Feature.RSS);
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 4, 40, 0, 1, 2, 3))).isTrue();
        assertThat(ok(rss(0, 0, 3, 1, 0, 3))).as("the least").isTrue();
        assertThat(ok(rss(HashTypes.ALL, 127, 0, 4, 40, new int[128])))
                .as("the most")
                .isTrue();
        assertThat(ok(rss(HashTypes.ALL, 255, 0, 4, 40, new int[256]))).isFalse();
        assertThat(ok(rss(HashTypes.ALL, 2, 0, 4, 40, 0, 1, 2)))
                .as("no power of two")
                .isFalse();
        assertThat(ok(rss(HashTypes.ALL, 0xffff, 0, 4, 40, 0))).isFalse();
        assertThat(ok(rss(HashTypes.ALL, 3, 4, 4, 40, 0, 1, 2, 3)))
                .as("unclassified")
                .isFalse();
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 4, 40, 0, 1, 2, 4)))
                .as("no such pair")
                .isFalse();
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 5, 40, 0, 1, 2, 3)))
                .as("too many senders")
                .isFalse();
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 0, 40, 0, 1, 2, 3)))
                .as("no sender")
                .isFalse();
        assertThat(ok(rss(HashTypes.ALL, 3, 0, 4, 41, 0, 1, 2, 3))).as("key").isFalse();
        assertThat(ok(rss(0x200, 3, 0, 4, 40, 0, 1, 2, 3))).as("type").isFalse();
        assertEveryOtherLengthIsRefused(rss(HashTypes.ALL, 3, 0, 4, 40, 0, 1, 2, 3));
    }

    @Test
    void hashReportsAreTakenWhenEveryFieldIsAllowed() {
        byte[] good =
                command(4, 2).le32(HashTypes.TCPV4).le64(0).le(40, 1).zeros(40).bytes();
        assertThat(ok(good)).as("not negotiated").isFalse();
        negotiate(Feature.HASH_REPORT);
        assertThat(ok(good)).isTrue();
        assertEveryOtherLengthIsRefused(good);
        good[4] = 2;
        assertThat(ok(good)).as("type").isFalse();
    }

    private void assertEveryOtherLengthIsRefused(byte[] good) {
        for (int bytes = 2; bytes < good.length; bytes++) {
            assertThat(ok(Arrays.copyOf(good, bytes))).as("%d bytes", bytes).isFalse();
        }
        assertThat(ok(Arrays.copyOf(good, good.length + 1))).isFalse();
    }

    @Test
    void coalescingIsSetForAllOrForOneAndRead() {
        byte[] receive = command(6, 1).le32(32).le32(100).bytes();
        byte[] one = command(6, 2).le16(5).le16(0).le32(8).le32(-1).bytes();
        assertThat(ok(receive)).isFalse();
        assertThat(ok(one)).isFalse();
        negotiate(Feature.NOTF_COAL, Feature.VQ_NOTF_COAL);
        assertThat(ok(receive)).isTrue();
        assertThat(ok(one)).isTrue();
        assertThat(moderation(0)).containsExactly(32, 100);
        assertThat(moderation(6)).containsExactly(32, 100);
        assertThat(moderation(1)).containsExactly(0, 0);
        assertThat(moderation(5)).containsExactly(8, -1);
        assertThat(ok(command(6, 0).le32(1).le32(2).bytes())).isTrue();
        assertThat(moderation(5)).containsExactly(1, 2);
        assertThat(moderation(4)).containsExactly(32, 100);
        assertThat(commands.execute(command(6, 3).le16(8).le16(0).bytes(), 8).done())
                .as("the control queue has none")
                .isFalse();
        assertThat(commands.execute(command(6, 3).le16(9).le16(0).bytes(), 8).done())
                .isFalse();
        assertThat(commands.execute(command(6, 3).le16(1).le16(0).bytes(), 7).done())
                .as("no room for the result")
                .isFalse();
        assertThat(ok(command(6, 4).zeros(12).bytes())).isFalse();
        assertEveryOtherLengthIsRefused(receive);
        assertEveryOtherLengthIsRefused(one);
        device.driver.forget();
        assertThat(moderation(0)).as("a new driver").containsExactly(0, 0);
    }

    private int[] moderation(int queue) {
        ControlCommands.Answer answer =
                commands.execute(command(6, 3).le16(queue).le16(0).bytes(), 8);
        assertThat(answer.done()).isTrue();
        ByteBuffer result = ByteBuffer.wrap(answer.result()).order(ByteOrder.LITTLE_ENDIAN);
        return new int[] {result.getInt(), result.getInt()};
    }

    @Test
    void statisticsComeByQueueAndType() {
        negotiate(Feature.DEVICE_STATS);
        byte[] supported = commands.execute(command(8, 0).zeros(0).bytes(), 8).result();
        assertThat(ByteBuffer.wrap(supported).order(ByteOrder.LITTLE_ENDIAN).getLong())
                .as("without offloads")
                .isEqualTo(0x1_0001_0001L);
        assertThat(statistics(0, 2)).as("checksums without GUEST_CSUM").isFalse();
        assertThat(statistics(1, 1 << 18)).as("segments without HOST_TSO4").isFalse();
        negotiate(Feature.DEVICE_STATS, Feature.CSUM, Feature.GUEST_CSUM, Feature.HOST_USO, Feature.GUEST_TSO6);
        supported = commands.execute(command(8, 0).zeros(0).bytes(), 8).result();
        assertThat(ByteBuffer.wrap(supported).order(ByteOrder.LITTLE_ENDIAN).getLong())
                .isEqualTo(0x1_0007_0007L);
        device.driver.statistics[0].notifications++;
        device.driver.statistics[0].notifications++;
        byte[] reply = commands.execute(
                        command(8, 1).le64(0).le64(3).le64(8).le64(1L << 32).bytes(), 1000)
                .result();
        ByteBuffer read = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(reply).hasSize(56 + 40 + 24);
        assertThat(read.get(0)).isEqualTo((byte) 0);
        assertThat(read.getShort(6)).isEqualTo((short) 56);
        assertThat(read.getLong(8)).as("rx_notifications").isEqualTo(2);
        assertThat(read.get(56)).isEqualTo((byte) 1);
        assertThat(read.getShort(62)).isEqualTo((short) 40);
        assertThat(read.get(96)).isEqualTo((byte) 32);
        assertThat(read.getShort(98)).as("queue").isEqualTo((short) 8);
        assertThat(read.getShort(102)).isEqualTo((short) 24);

        assertThat(statistics(1, 1)).as("a type of receive queues").isFalse();
        assertThat(statistics(0, 8)).as("speed, of which there is no limit").isFalse();
        assertThat(statistics(1, 1 << 19)).as("speed").isFalse();
        assertThat(statistics(0, 7)).isTrue();
        assertThat(statistics(1, 7 << 16)).isTrue();
        assertThat(statistics(9, 1)).as("no such queue").isFalse();
        assertThat(commands.execute(command(8, 1).zeros(15).bytes(), 1000).done())
                .isFalse();
        assertThat(commands.execute(command(8, 1).zeros(0).bytes(), 1000).done())
                .isFalse();
        for (int room : new int[] {0, 55, 56, 95, 96, 500}) {
            ControlCommands.Answer answer =
                    commands.execute(command(8, 1).le64(0).le64(3).bytes(), room);
            assertThat(answer.done()).isTrue();
            assertThat(answer.result()).as("what fits %d bytes", room).hasSize(room < 56 ? 0 : room < 96 ? 56 : 96);
        }
    }

    private boolean statistics(int queue, long types) {
        return commands.execute(command(8, 1).le64(queue).le64(types).bytes(), 1000)
                .done();
    }

    @Test
    void garbageIsAnsweredAndChangesNothingElse() {
        negotiate(
                Feature.RSS,
                Feature.HASH_REPORT,
                Feature.NOTF_COAL,
                Feature.VQ_NOTF_COAL,
                Feature.DEVICE_STATS,
                Feature.CTRL_RX,
                Feature.CTRL_RX_EXTRA,
                Feature.CTRL_VLAN,
                Feature.CTRL_MAC_ADDR,
                Feature.CTRL_GUEST_OFFLOADS,
                Feature.GUEST_ANNOUNCE);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100_000; i++) {
            byte[] command = new byte[random.nextInt(80)];
            random.nextBytes(command);
            if (command.length > 1) {
                command[0] = (byte) random.nextInt(10);
                command[1] = (byte) random.nextInt(5);
            }
            int room = random.nextInt(100);
            assertThat(commands.execute(command, room).result()).hasSizeLessThanOrEqualTo(room);
        }
        assertThat(device.stoppedReason).isNull();
    }
}
