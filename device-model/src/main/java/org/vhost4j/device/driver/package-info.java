// SPDX-License-Identifier: Apache-2.0
/**
 * The driver's side of virtqueues, as in a guest's virtio-net driver, for tests, benchmarks and the conformance
 * harness.
 *
 * <p>This package does not use the device's ring code, and the device does not use this package: both are written from
 * the specification, so that neither can hide a mistake of the other. An object belongs to one thread at a time. It
 * need not be the device's thread: both sides communicate only through the ring.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.driver;
