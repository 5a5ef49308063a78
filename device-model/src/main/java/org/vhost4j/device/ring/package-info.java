// SPDX-License-Identifier: Apache-2.0
/**
 * The device side of virtqueues (virtio 1.4 sections 2.6 to 2.8). A virtqueue belongs to the lane that polls it;
 * nothing else accesses its rings between start and stop. Every field that a driver can write is read once into a local
 * variable and checked there; a violation is reported as a {@link org.vhost4j.device.ring.RingFault}, after which the
 * queue must not be used again.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.ring;
