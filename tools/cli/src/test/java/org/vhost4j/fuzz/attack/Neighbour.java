// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz.attack;

import java.util.List;
import org.vhost4j.device.Budget;
import org.vhost4j.device.bridge.Bridge;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.StationWatch;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.net.DeviceOwner;
import org.vhost4j.device.net.GuestNotifier;
import org.vhost4j.device.net.LinkSpeed;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.net.NetDeviceConfig;
import org.vhost4j.device.net.ReceiveTimeouts;
import org.vhost4j.device.offload.OffloadEngine;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.fuzz.GuardedMemory;

/**
 * A well-behaved guest: it sends numbered frames, and checks the received ones. Its memory is a {@link GuardedMemory},
 * too.
 */
final class Neighbour {
    private static final int SIZE = 128;
    private static final int SLOT = 2048;
    private static final long BASE = 0x10_0000;
    private static final int MEMORY = 1 << 20;
    private static final int NUMBER_AT = 14;
    private static final int PATTERN_AT = 24;

    private final GuardedMemory memory = new GuardedMemory(MEMORY);
    private final DriverMemory driver = new DriverMemory(memory.segment(), BASE);
    private final long mac;
    private final NetDevice device;
    private final RingDriver receive;
    private final RingDriver transmit;
    private final long[] received = new long[SIZE];
    private final long[] free = new long[SIZE];
    private final long[] sentAt = new long[SIZE];
    private int freeSlots;
    private final byte[] frame = new byte[1514];

    private long sent;
    private long arrived;
    private long next;
    private long wrong;

    Neighbour(String name, long mac, boolean packed, Bridge bridge, OffloadEngine engine) {
        this.mac = mac;
        device = new NetDevice(
                new NetDeviceConfig(name, mac, 1, 0, LinkSpeed.UNKNOWN, ReceiveTimeouts.DEFAULT),
                bridge,
                engine,
                () -> {},
                DeviceOwner.NONE,
                new Budget(64, 1 << 16, 50_000, System::nanoTime));
        // Its own address stays here: a frame of the attacker can have any source.
        bridge.add(
                device,
                new PortRules(mac, false, PortRules.UNLIMITED, false, PortRules.UNLIMITED, false, StationWatch.NONE));
        FeatureSet features = FeatureSet.of(Feature.VERSION_1, Feature.MRG_RXBUF);
        device.control().features(features);
        GuestMemory table = GuestMemory.of(List.of(new GuestRegion(BASE, MEMORY, 0x7000_0000L, memory.segment())));
        receive = start(0, packed, table, features);
        transmit = start(1, packed, table, features);
        for (int i = 0; i < SIZE; i++) {
            free[freeSlots++] = driver.allocate(SLOT, 64);
            post(driver.allocate(SLOT, 64));
        }
        receive.publish();
    }

    private RingDriver start(int index, boolean packed, GuestMemory table, FeatureSet features) {
        RingDriver ring = packed
                ? new PackedDriver(driver, SIZE, RingDriver.Features.NONE, 0)
                : new SplitDriver(driver, SIZE, RingDriver.Features.NONE, 0);
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts = layout.parts(
                memory.segment(),
                SIZE,
                ring.descAddress() - BASE,
                ring.availAddress() - BASE,
                ring.usedAddress() - BASE);
        device.control()
                .start(
                        index,
                        layout.open(
                                "queue " + index, SIZE, parts, table, layout.startBase(), RingFeatures.of(features)),
                        GuestNotifier.NONE,
                        true,
                        false);
        return ring;
    }

    NetDevice device() {
        return device;
    }

    long sent() {
        return sent;
    }

    long arrived() {
        return arrived;
    }

    /** Frames that were lost, doubled, damaged or out of order. */
    long wrong() {
        return wrong;
    }

    private void post(long address) {
        receive.begin();
        receive.writable(address, SLOT);
        received[receive.offer()] = address;
    }

    /** Sends the next frame to a station, when there is room. */
    void send(long to, int bytes) {
        while (transmit.collect()) {
            free[freeSlots++] = sentAt[transmit.usedId()];
        }
        if (freeSlots == 0) {
            return;
        }
        long address = free[--freeSlots];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to >>> (40 - 8 * i));
            frame[6 + i] = (byte) (mac >>> (40 - 8 * i));
        }
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        for (int i = 0; i < 8; i++) {
            frame[NUMBER_AT + i] = (byte) (sent >>> (8 * i));
        }
        for (int i = PATTERN_AT; i < bytes; i++) {
            frame[i] = pattern(sent, i);
        }
        driver.write(address, DriverHeader.PLAIN.toBytes(DriverHeader.BYTES), 0, DriverHeader.BYTES);
        driver.write(address + DriverHeader.BYTES, frame, 0, bytes);
        transmit.begin();
        transmit.readable(address, DriverHeader.BYTES + bytes);
        sentAt[transmit.offer()] = address;
        transmit.publish();
        sent++;
    }

    private static byte pattern(long number, int at) {
        return (byte) (number * 31 + at);
    }

    /** Takes what has come from one station, and checks it; frames of others are passed over. */
    void receive(long from) {
        while (receive.collect()) {
            long address = received[receive.usedId()];
            byte[] bytes = driver.read(address, receive.usedLength());
            post(address);
            look(from, bytes, DriverHeader.BYTES);
        }
        receive.publish();
    }

    private void look(long from, byte[] bytes, int at) {
        long source = 0;
        for (int i = 0; i < 6 && at + 11 < bytes.length; i++) {
            source = (source << 8) | (bytes[at + 6 + i] & 0xff);
        }
        if (source != from || bytes[at + 12] != (byte) 0x88) {
            return;
        }
        long number = 0;
        for (int i = 7; i >= 0; i--) {
            number = (number << 8) | (bytes[at + NUMBER_AT + i] & 0xff);
        }
        boolean right = number == next;
        for (int i = PATTERN_AT; i < bytes.length - at; i++) {
            right &= bytes[at + i] == pattern(number, i);
        }
        next = number + 1;
        arrived++;
        if (!right) {
            wrong++;
        }
    }
}
