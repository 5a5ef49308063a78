// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/** The purpose of a virtqueue of a network device, in the driver's terms (virtio 1.4 section 5.1.2). */
public enum QueueKind {
    /** Frames for the guest: queues 0, 2, 4 and so on. */
    RECEIVE,
    /** Frames of the guest: queues 1, 3, 5 and so on. */
    TRANSMIT,
    /** Commands of the driver: the queue after the last pair, or after the first when MQ was not negotiated. */
    CONTROL
}
