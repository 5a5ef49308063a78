// SPDX-License-Identifier: Apache-2.0
/**
 * The virtio-net device model: guest memory, virtqueues, header, config space, control queue, offload engine, bridge.
 *
 * <p>It imports only {@code java.base}, owns no descriptor and starts no thread. Unless a class says otherwise, an
 * object of these packages belongs to one lane: the single thread that polls the queues of the device.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device;
