// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.ArrayList;
import java.util.List;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.fuzz.ByteList;
import org.vhost4j.fuzz.FuzzInput;
import org.vhost4j.fuzz.FuzzTarget;

/**
 * Fuzz target: a sequence of control commands. Each must be acknowledged, and the result must fit into the driver's
 * buffer.
 */
public final class ControlTarget implements FuzzTarget {
    private static final int PAIRS = 4;
    private static final List<Feature> FEATURES = List.of(
            Feature.CTRL_RX,
            Feature.CTRL_RX_EXTRA,
            Feature.CTRL_VLAN,
            Feature.CTRL_MAC_ADDR,
            Feature.CTRL_GUEST_OFFLOADS,
            Feature.GUEST_CSUM,
            Feature.GUEST_TSO4,
            Feature.MQ,
            Feature.RSS,
            Feature.HASH_REPORT,
            Feature.NOTF_COAL,
            Feature.VQ_NOTF_COAL,
            Feature.DEVICE_STATS,
            Feature.GUEST_ANNOUNCE,
            Feature.CSUM,
            Feature.HOST_TSO4);

    /** Creates the target. */
    public ControlTarget() {}

    @Override
    public String name() {
        return "control";
    }

    @Override
    public List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        int[][] commands = {
            {0, 0, 1},
            {0, 1, 1},
            {1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1},
            {1, 1, 2, 0, 0, 0, 0, 5},
            {2, 0, 7, 0},
            {2, 1, 7, 0},
            {3, 0},
            {4, 0, 2, 0},
            {4, 1, 0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
            {5, 0, 3, 0, 0, 0, 0, 0, 0, 0},
            {6, 1, 32, 0, 0, 0, 100, 0, 0, 0},
            {6, 2, 5, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0},
            {6, 3, 5, 0, 0, 0},
            {8, 0},
            {8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}
        };
        ByteList all = new ByteList().u16(0xffff);
        for (int[] command : commands) {
            ByteList one = new ByteList();
            for (int each : command) {
                one.u8(each);
            }
            byte[] bytes = one.bytes();
            seeds.add(new ByteList()
                    .u16(0xffff)
                    .u16(bytes.length)
                    .u8(100)
                    .all(bytes)
                    .bytes());
            all.u16(bytes.length).u8(100).all(bytes);
        }
        seeds.add(all.bytes());
        return seeds;
    }

    @Override
    public void run(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        DeviceState device = new DeviceState(
                new NetDeviceConfig("guest", 0x5254_0000_0001L, PAIRS, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                () -> {},
                DeviceOwner.NONE);
        FeatureSet features = FeatureSet.of(Feature.CTRL_VQ, Feature.VERSION_1);
        int chosen = input.u16();
        for (int i = 0; i < FEATURES.size(); i++) {
            if ((chosen >>> i & 1) != 0) {
                features = features.plus(FeatureSet.of(FEATURES.get(i)));
            }
        }
        device.driver.acknowledge(features);
        ControlCommands commands = new ControlCommands(device.driver);
        while (input.left() > 0) {
            int length = input.u16() & 0x3ff;
            int room = input.u8() * 4;
            ControlCommands.Answer answer = commands.execute(input.take(length), room);
            if (answer.result().length > room) {
                throw new AssertionError(answer.result().length + " bytes for " + room);
            }
        }
        if (device.stoppedReason != null) {
            throw new AssertionError("a command stopped the device: " + device.stoppedReason);
        }
    }
}
