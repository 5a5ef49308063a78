// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.MemorySegment;

/**
 * The memory of a virtqueue (virtio 1.4 sections 2.7 and 2.8). Each part has at least the length that {@link
 * RingLayout} returns for it.
 *
 * @param descriptors the descriptor table, or the packed descriptor ring
 * @param avail the available ring, or the driver event suppression structure
 * @param used the used ring, or the device event suppression structure
 */
public record RingParts(MemorySegment descriptors, MemorySegment avail, MemorySegment used) {}
