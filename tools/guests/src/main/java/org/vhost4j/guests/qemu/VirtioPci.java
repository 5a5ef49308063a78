// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.io.IOException;
import org.vhost4j.device.feature.FeatureSet;

/**
 * A virtio device on the root bus of a {@link QtestQemu}, as its driver accesses it (virtio 1.4 section 4.1): through the modern interface
 * in memory and, where the device has both, the legacy interface in I/O space.
 */
public final class VirtioPci {
    private static final long VIRTIO_VENDOR = 0x1af4;
    /** Value of the command register: I/O, memory and bus mastering. */
    private static final int COMMAND = 7;

    private static final int COMMAND_REGISTER = 0x04;
    private static final int FIRST_BAR = 0x10;
    private static final int CAPABILITIES = 0x34;
    private static final int VENDOR_CAPABILITY = 9;
    private static final int COMMON_CONFIG = 1;

    /**
     * Distance in bytes of BARs: more than the longest modern BAR, which old machines have, with a notification page
     * for each queue (page-per-vq).
     */
    private static final long BAR_STRIDE = 0x80_0000;

    private static final long PORT_ADDRESS = 0xc000;
    private static final long PORT_STRIDE = 0x80;

    /** Distance in bytes between the rings of two devices; each device has one part per queue. */
    private static final long RINGS_STRIDE = 0x10_0000;

    private static final long QUEUE_STRIDE = 0x1_0000;
    private static final long RING_PART = 0x4000;

    private static final int DRIVER_FEATURE_SELECT = 8;
    private static final int DRIVER_FEATURE = 12;
    private static final int QUEUES = 18;
    private static final int DEVICE_STATUS = 20;
    private static final int QUEUE_SELECT = 22;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_ADDRESSES = 32;
    private static final int QUEUE_RESET = 58;

    private static final int LEGACY_GUEST_FEATURES = 4;
    private static final int LEGACY_STATUS = 18;

    private static final int FOUND = 1 | 2;
    private static final int FEATURES_OK = 8;
    private static final int DRIVER_OK = 4;

    private final QtestQemu qemu;
    private final int slot;
    private long common;

    VirtioPci(QtestQemu qemu, int slot) {
        this.qemu = qemu;
        this.slot = slot;
    }

    boolean isThere() throws IOException {
        return (configRead(0) & 0xffff) == VIRTIO_VENDOR;
    }

    /**
     * Reads the 128 feature bits that the device offers to a modern driver.
     *
     * @return the bits, without those that only a legacy driver sees; none when the device is not a modern one
     * @throws IOException when QEMU has ended
     */
    public FeatureSet offered() throws IOException {
        if (!isModern()) {
            return FeatureSet.EMPTY;
        }
        long[] words = new long[4];
        for (int i = 0; i < words.length; i++) {
            writel(common, i);
            words[i] = readl(common + 4);
        }
        return new FeatureSet(words[1] << 32 | words[0], words[3] << 32 | words[2]);
    }

    /**
     * Reads the 32 feature bits that the device offers to a legacy driver.
     *
     * @return the bits; none when the device has no legacy interface
     * @throws IOException when QEMU has ended
     */
    public FeatureSet offeredToLegacy() throws IOException {
        return isTransitional() ? FeatureSet.ofWord(qemu.board().portRead(qemu, port(0))) : FeatureSet.EMPTY;
    }

    /**
     * Negotiates as a modern driver does, up to DRIVER_OK, without queues.
     *
     * @param features the bits that the driver acknowledges
     * @throws IOException when QEMU has ended
     */
    public void negotiate(FeatureSet features) throws IOException {
        acknowledge(features);
        writeb(common + DEVICE_STATUS, FOUND | FEATURES_OK | DRIVER_OK);
    }

    /**
     * Starts the device as a driver does: resets it, negotiates, sets all queues up with empty rings of the maximum size, and sets
     * DRIVER_OK. The machine needs 64 MiB of memory.
     *
     * @param features the bits that the driver acknowledges
     * @throws IOException when QEMU has ended
     */
    public void start(FeatureSet features) throws IOException {
        if (isModern()) {
            writeb(common + DEVICE_STATUS, 0);
        }
        acknowledge(features);
        long queues = readw(common + QUEUES);
        for (int queue = 0; queue < queues; queue++) {
            writew(common + QUEUE_SELECT, queue);
            enableQueue(queue);
        }
        writeb(common + DEVICE_STATUS, FOUND | FEATURES_OK | DRIVER_OK);
    }

    /**
     * Resets a queue and enables it again (virtio 1.4 section 2.6.1), after {@link #start} with RING_RESET.
     *
     * @param queue the index of the queue
     * @throws IOException when QEMU has ended, or the queue is not reset
     */
    public void resetQueue(int queue) throws IOException {
        writew(common + QUEUE_SELECT, queue);
        writew(common + QUEUE_RESET, 1);
        if (readw(common + QUEUE_RESET) != 0 || readw(common + QUEUE_ENABLE) != 0) {
            throw new IOException("queue " + queue + " has not been reset");
        }
        enableQueue(queue);
    }

    /** Sets the ring addresses of the selected queue, and enables it. */
    private void enableQueue(int queue) throws IOException {
        long rings = qemu.board().rings() + slot * RINGS_STRIDE + queue * QUEUE_STRIDE;
        for (int part = 0; part < 3; part++) {
            writel(common + QUEUE_ADDRESSES + 8L * part, rings + part * RING_PART);
            writel(common + QUEUE_ADDRESSES + 8L * part + 4, 0);
        }
        writew(common + QUEUE_ENABLE, 1);
    }

    /**
     * Negotiates as a legacy driver does, up to DRIVER_OK, without queues.
     *
     * @param features the bits that the driver acknowledges, 0 to 31
     * @throws IOException when QEMU has ended, or the device has no legacy interface
     */
    public void negotiateAsLegacy(FeatureSet features) throws IOException {
        if (!isTransitional()) {
            throw new IOException("the virtio device has no legacy interface");
        }
        portWrite('b', LEGACY_STATUS, 0);
        portWrite('b', LEGACY_STATUS, FOUND);
        portWrite('l', LEGACY_GUEST_FEATURES, features.low() & 0xffff_ffffL);
        portWrite('b', LEGACY_STATUS, FOUND | DRIVER_OK);
    }

    private void acknowledge(FeatureSet features) throws IOException {
        if (!isModern()) {
            throw new IOException("the virtio device has no modern interface");
        }
        long[] words = {features.low(), features.low() >>> 32, features.high(), features.high() >>> 32};
        writeb(common + DEVICE_STATUS, FOUND);
        for (int i = 0; i < words.length; i++) {
            writel(common + DRIVER_FEATURE_SELECT, i);
            writel(common + DRIVER_FEATURE, words[i] & 0xffff_ffffL);
        }
        writeb(common + DEVICE_STATUS, FOUND | FEATURES_OK);
    }

    /** Finds the modern interface and maps it in memory; returns whether there is one. */
    private boolean isModern() throws IOException {
        if (common == 0) {
            int capability = (int) (configRead(CAPABILITIES) & 0xff);
            long head = capability == 0 ? 0 : configRead(capability);
            while ((head & 0xff) != VENDOR_CAPABILITY || head >>> 24 != COMMON_CONFIG) {
                capability = (int) (head >>> 8 & 0xff);
                if (capability == 0) {
                    return false;
                }
                head = configRead(capability);
            }
            int bar = FIRST_BAR + 4 * (int) (configRead(capability + 4) & 0xff);
            long address = qemu.board().bars() + slot * BAR_STRIDE;
            configWrite(bar, address);
            configWrite(bar + 4, 0);
            configWrite(COMMAND_REGISTER, COMMAND);
            common = address + configRead(capability + 8);
        }
        return true;
    }

    /** Finds the legacy interface and maps it in I/O space; returns whether there is one. */
    private boolean isTransitional() throws IOException {
        if ((configRead(FIRST_BAR) & 1) == 0) {
            return false;
        }
        configWrite(FIRST_BAR, PORT_ADDRESS + slot * PORT_STRIDE);
        configWrite(COMMAND_REGISTER, COMMAND);
        return true;
    }

    private void portWrite(char size, int register, long value) throws IOException {
        qemu.board().portWrite(qemu, size, port(register), value);
    }

    private long port(int register) {
        return PORT_ADDRESS + slot * PORT_STRIDE + register;
    }

    private long configRead(int offset) throws IOException {
        return qemu.board().configRead(qemu, slot, offset);
    }

    private void configWrite(int offset, long value) throws IOException {
        qemu.board().configWrite(qemu, slot, offset, value);
    }

    private long readl(long address) throws IOException {
        return qemu.qtest("readl " + hex(address));
    }

    private long readw(long address) throws IOException {
        return qemu.qtest("readw " + hex(address));
    }

    private void writel(long address, long value) throws IOException {
        qemu.qtest("writel " + hex(address) + " " + hex(value));
    }

    private void writew(long address, long value) throws IOException {
        qemu.qtest("writew " + hex(address) + " " + hex(value));
    }

    private void writeb(long address, int value) throws IOException {
        qemu.qtest("writeb " + hex(address) + " " + hex(value));
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
