// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/** The kind of a virtqueue of a network device, from the driver's point of view (virtio 1.4 section 5.1.2). */
public enum QueueKind {
    /** A queue of frames to the guest: queues 0, 2, 4 and so on. */
    RECEIVE,
    /** A queue of frames from the guest: queues 1, 3, 5 and so on. */
    TRANSMIT,
    /** The control queue: the queue after the last pair, or after the first pair when MQ was not negotiated. */
    CONTROL
}
