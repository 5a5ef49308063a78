// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

/**
 * What one virtqueue has counted since the driver took the device (virtio 1.4 section 5.1.6.5.10). Frames and bytes are those that
 * were sent or received, without the virtio-net header. For the control queue a packet is a command.
 */
final class QueueStatistics {
    long notifications;
    long interrupts;
    long packets;
    long bytes;
    long drops;

    /** Of the drops: for want of receive buffers; or, of a transmit queue, for malformed headers. */
    long dropsOfItsKind;

    /** With a partial checksum. */
    long needsChecksum;

    /** With a checksum that was verified. */
    long checksumValid;

    /** Without a word about the checksum. */
    long checksumNone;

    /** Control commands that were carried out. */
    long done;

    /** Counts a frame that has moved. */
    void moved(Frame frame, int bytesOfFrame) {
        packets++;
        bytes += bytesOfFrame;
        if ((frame.flags & Frame.NEEDS_CSUM) != 0) {
            needsChecksum++;
        } else if ((frame.flags & Frame.DATA_VALID) != 0) {
            checksumValid++;
        } else {
            checksumNone++;
        }
    }

    /** Everything back to zero. */
    void clear() {
        notifications = 0;
        interrupts = 0;
        packets = 0;
        bytes = 0;
        drops = 0;
        dropsOfItsKind = 0;
        needsChecksum = 0;
        checksumValid = 0;
        checksumNone = 0;
        done = 0;
    }
}
