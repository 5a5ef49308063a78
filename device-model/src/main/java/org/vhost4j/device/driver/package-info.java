// SPDX-License-Identifier: Apache-2.0
/**
 * The driver's side of the virtqueues: what a guest's virtio-net driver does, for tests, benchmarks and the
 * conformance harness.
 *
 * <p>Nothing here uses the device's ring code, and the device uses nothing of this package: both are written from the
 * specification, so that neither can hide a mistake of the other. An object belongs to one thread at a time; that thread
 * may be another than the device's, for the ring itself is the meeting point.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.driver;
