// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.benchmarks.loopback;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.Translations;
import org.vhost4j.device.net.GuestNotifier;
import org.vhost4j.device.net.NetDevice;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.RingParts;
import org.vhost4j.device.ring.Virtqueue;

/**
 * A started queue of a device, with its own memory and the driver's side of its ring.
 *
 * @param driver the driver's side
 * @param memory the queue's guest memory, whose guest-physical addresses are its host addresses
 */
record LoopbackQueue(RingDriver driver, MemorySegment memory) {
    /**
     * Starts a queue.
     *
     * @param arena the arena from which the memory is allocated
     * @param packed whether the ring is packed instead of split
     * @param ringSize the number of entries of the ring, a power of two
     * @param memoryBytes the size of the memory, in bytes
     * @param device the device
     * @param index the index of the queue in the device
     */
    static LoopbackQueue start(
            Arena arena, boolean packed, int ringSize, int memoryBytes, NetDevice device, int index) {
        return start(arena, packed, ringSize, memoryBytes, device, index, null);
    }

    /**
     * Starts a queue of a device that is behind an IOMMU.
     *
     * @param arena the arena from which the memory is allocated
     * @param packed whether the ring is packed instead of split
     * @param ringSize the number of entries of the ring, a power of two
     * @param memoryBytes the size of the memory, in bytes
     * @param device the device
     * @param index the index of the queue in the device
     * @param translations the translations of buffers, to which the caller adds ranges; null without an IOMMU
     */
    static LoopbackQueue start(
            Arena arena,
            boolean packed,
            int ringSize,
            int memoryBytes,
            NetDevice device,
            int index,
            @Nullable Translations translations) {
        MemorySegment segment = arena.allocate(memoryBytes, 4096);
        long base = segment.address();
        DriverMemory memory = new DriverMemory(segment, base);
        GuestMemory table = translations != null
                ? translations.memory()
                : GuestMemory.of(List.of(new GuestRegion(base, memoryBytes, base, segment)));
        RingDriver driver = packed
                ? new PackedDriver(memory, ringSize, RingDriver.Features.NONE, 0)
                : new SplitDriver(memory, ringSize, RingDriver.Features.NONE, 0);
        RingLayout layout = packed ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts = layout.parts(
                segment,
                ringSize,
                driver.descAddress() - base,
                driver.availAddress() - base,
                driver.usedAddress() - base);
        Virtqueue queue =
                layout.open("queue", ringSize, parts, table, layout.startBase(), RingFeatures.of(Feature.VERSION_1));
        device.control().start(index, queue, GuestNotifier.NONE, true, false);
        return new LoopbackQueue(driver, segment);
    }
}
