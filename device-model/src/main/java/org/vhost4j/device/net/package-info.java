// SPDX-License-Identifier: Apache-2.0
/** The network device: its queues, its control queue, and the path of a frame out of and into the guest. Entered by the owning lane only. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.net;
