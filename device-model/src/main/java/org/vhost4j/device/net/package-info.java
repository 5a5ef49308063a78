// SPDX-License-Identifier: Apache-2.0
/**
 * The network device: its queues, its control queue, and the paths of frames from and to the guest. Only the owning
 * lane may enter.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.net;
