// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.NullSink;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.stats.Counter;
import org.vhost4j.fuzz.FuzzTarget;
import org.vhost4j.vhostuser.session.RefusedException;

/**
 * Fuzz target: a device state from another host (SET_DEVICE_STATE_FD). When the first byte is odd, magic number,
 * version, length and checksum of the rest are corrected, so that the records are parsed. A state that is accepted and
 * saved again must be the same.
 */
public final class StateTarget implements FuzzTarget {
    private static final int HEADER_BYTES = 16;

    /** Creates the target. */
    public StateTarget() {}

    @Override
    public String name() {
        return "state";
    }

    @Override
    public List<byte[]> seeds() {
        MovedState empty = new MovedState("", "", List.of(), Map.of(), List.of());
        MovedState full = new MovedState(
                "platform linux-6.12",
                "abi 1",
                List.of(0x5254_0000_0001L, 0x0200_0000_0002L),
                Map.of(Counter.TX_FRAMES, 7L, Counter.TX_BYTES, 1L << 40),
                List.of(new byte[] {0, 0, 1}, new byte[] {4, 0, 2, 0}, new byte[] {1, 1, 2, 0, 0, 0, 0, 9}));
        return List.of(seed(1, empty), seed(0, full), seed(1, full));
    }

    private static byte[] seed(int first, MovedState state) {
        byte[] bytes = state.bytes();
        byte[] seed = new byte[1 + bytes.length];
        seed[0] = (byte) first;
        System.arraycopy(bytes, 0, seed, 1, bytes.length);
        return seed;
    }

    @Override
    public void run(byte[] bytes) {
        if (bytes.length == 0) {
            return;
        }
        byte[] state = Arrays.copyOfRange(bytes, 1, bytes.length);
        if ((bytes[0] & 1) != 0 && state.length >= HEADER_BYTES + Integer.BYTES) {
            ByteBuffer to = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
            to.putLong(MovedState.MAGIC).putInt(MovedState.VERSION).putInt(state.length);
            CRC32 crc = new CRC32();
            crc.update(state, 0, state.length - Integer.BYTES);
            to.putInt(state.length - Integer.BYTES, (int) crc.getValue());
        }
        MovedState read;
        try {
            read = MovedState.parse(state);
        } catch (RefusedException e) {
            FuzzTarget.requireLine(e.getMessage());
            return;
        }
        byte[] written = read.bytes();
        try {
            if (!Arrays.equals(MovedState.parse(written).bytes(), written)) {
                throw new AssertionError("what is read and written again is another state");
            }
        } catch (RefusedException e) {
            throw new AssertionError("what is written is refused", e);
        }
        carryOut(read);
    }

    /** The commands in it come to a device as they would by its control queue. */
    private static void carryOut(MovedState state) {
        NetDevice device = device();
        device.control().settings(state.settings());
        NetDevice other = device();
        other.control().settings(device.control().settings());
        List<byte[]> first = device.control().settings();
        List<byte[]> second = other.control().settings();
        if (first.size() != second.size()) {
            throw new AssertionError("%d settings moved, %d arrived".formatted(first.size(), second.size()));
        }
        for (int i = 0; i < first.size(); i++) {
            if (!Arrays.equals(first.get(i), second.get(i))) {
                throw new AssertionError("setting " + i + " arrived as another");
            }
        }
    }

    private static NetDevice device() {
        NetDevice device = new NetDevice(
                new NetDeviceConfig("guest", 0x5254_0000_0001L, 4, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                new NullSink(),
                new OffloadEngine(),
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, System::nanoTime));
        device.control()
                .features(FeatureSet.of(
                        Feature.VERSION_1,
                        Feature.CTRL_VQ,
                        Feature.CTRL_RX,
                        Feature.CTRL_RX_EXTRA,
                        Feature.CTRL_VLAN,
                        Feature.CTRL_MAC_ADDR,
                        Feature.CTRL_GUEST_OFFLOADS,
                        Feature.GUEST_CSUM,
                        Feature.MQ,
                        Feature.RSS,
                        Feature.HASH_REPORT,
                        Feature.NOTF_COAL,
                        Feature.VQ_NOTF_COAL));
        return device;
    }
}
