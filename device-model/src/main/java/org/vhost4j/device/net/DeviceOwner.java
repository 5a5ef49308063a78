// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.frame.Offloads;

/** Receives the events of a device. Called by the device's lane; must return quickly. */
public interface DeviceOwner {
    /** An owner that ignores all events and whose memory is always intact. */
    DeviceOwner NONE = new DeviceOwner() {
        @Override
        public void stopped(String reason) {}

        @Override
        public void offloadsChanged(int accepts) {}
    };

    /**
     * Reports that the device stopped permanently, because its driver broke a rule or its memory vanished.
     *
     * @param reason the reason, in one line
     */
    void stopped(String reason);

    /**
     * Reports that the offloads that the guest accepts have changed: features were negotiated, or the driver changed
     * its guest offloads.
     *
     * @param accepts the accepted offloads, a mask of {@link Offloads}
     */
    void offloadsChanged(int accepts);

    /**
     * Returns whether all guest memory is still backed by its file, which a front-end can truncate at any time.
     *
     * @return false when a part of it has vanished
     */
    default boolean memoryIntact() {
        return true;
    }

    /**
     * Reports that the device waits for a translation of its IOMMU. The owner calls {@link
     * DeviceControl#translationsChanged} when the translation has arrived.
     *
     * @param address the I/O virtual address
     * @param write whether the access is a write
     */
    default void translationMissing(long address, boolean write) {}

    /**
     * Requests that the device be polled again after a delay, because frames of the guest wait for its rate limit.
     * Called before the lane sleeps.
     *
     * @param nanos the delay in nanoseconds, more than 0
     */
    default void wakeAfter(long nanos) {}
}
