// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import org.vhost4j.device.frame.Offloads;

/** The owner of a device: is notified of what its operator should know. Called by the device's lane; must return quickly. */
public interface DeviceOwner {
    /** Hears nothing and vouches for the memory. */
    DeviceOwner NONE = new DeviceOwner() {
        @Override
        public void stopped(String reason) {}

        @Override
        public void offloadsChanged(int accepts) {}
    };

    /**
     * The device stopped permanently, because its driver broke a rule or its memory vanished.
     *
     * @param reason one line
     */
    void stopped(String reason);

    /**
     * What the guest takes has changed: features were negotiated, or it switched its offloads.
     *
     * @param accepts a mask of {@link Offloads}
     */
    void offloadsChanged(int accepts);

    /**
     * Whether the guest memory is still all there: a front-end can truncate its file at any time.
     *
     * @return false when a part of it has vanished
     */
    default boolean memoryIntact() {
        return true;
    }

    /**
     * The device waits for a translation of its IOMMU. Once it has come, {@link DeviceControl#translationsChanged} lets it
     * continue.
     *
     * @param address the I/O virtual address
     * @param write whether the access is a write
     */
    default void translationMissing(long address, boolean write) {}

    /**
     * The guest has frames that wait for its rate: the device is to be polled again after some time. Called before the lane sleeps.
     *
     * @param nanos more than 0
     */
    default void wakeAfter(long nanos) {}
}
