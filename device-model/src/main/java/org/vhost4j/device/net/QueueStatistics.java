// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.vhost4j.device.frame.Frame;

/**
 * The statistics of one virtqueue since the driver initialized the device (virtio 1.4 section 5.1.6.5.10). Frames and
 * bytes are counted as sent or received, without the virtio-net header. On the control queue a packet is a command.
 */
final class QueueStatistics {
    long notifications;
    long interrupts;
    long packets;
    long bytes;
    long drops;

    /**
     * Frames dropped for the reason that the specification counts separately: for lack of buffers on a receive queue,
     * for a malformed header on a transmit queue.
     */
    long dropsOfItsKind;

    /** Frames with a partial checksum. */
    long needsChecksum;

    /** Frames with a verified checksum. */
    long checksumValid;

    /** Frames without checksum information. */
    long checksumNone;

    /**
     * Frames that the driver sent or received as super-frames, according to their virtio-net headers; each counts once.
     */
    long superFrames;

    long superFrameBytes;

    /** Received super-frames that the device merged from plain frames. */
    long coalesced;

    long coalescedBytes;

    /** Segments and fragments into which sent super-frames were segmented. */
    long segments;

    long segmentBytes;

    /** Sent super-frames that were forwarded without segmentation. */
    long whole;

    long wholeBytes;

    /** Control commands that were executed. */
    long done;

    /** Writes all statistics. */
    void save(DataOutput out) throws IOException {
        out.writeLong(notifications);
        out.writeLong(interrupts);
        out.writeLong(packets);
        out.writeLong(bytes);
        out.writeLong(drops);
        out.writeLong(dropsOfItsKind);
        out.writeLong(needsChecksum);
        out.writeLong(checksumValid);
        out.writeLong(checksumNone);
        out.writeLong(superFrames);
        out.writeLong(superFrameBytes);
        out.writeLong(coalesced);
        out.writeLong(coalescedBytes);
        out.writeLong(segments);
        out.writeLong(segmentBytes);
        out.writeLong(whole);
        out.writeLong(wholeBytes);
        out.writeLong(done);
    }

    /** Restores the statistics that {@link #save} has written. */
    void load(DataInput in) throws IOException {
        notifications = in.readLong();
        interrupts = in.readLong();
        packets = in.readLong();
        bytes = in.readLong();
        drops = in.readLong();
        dropsOfItsKind = in.readLong();
        needsChecksum = in.readLong();
        checksumValid = in.readLong();
        checksumNone = in.readLong();
        superFrames = in.readLong();
        superFrameBytes = in.readLong();
        coalesced = in.readLong();
        coalescedBytes = in.readLong();
        segments = in.readLong();
        segmentBytes = in.readLong();
        whole = in.readLong();
        wholeBytes = in.readLong();
        done = in.readLong();
    }

    /** Counts a frame that the driver has received. */
    void received(Frame frame, int bytesOfFrame) {
        moved(frame, bytesOfFrame);
        if (frame.gsoType != Frame.GSO_NONE) {
            superFrames++;
            superFrameBytes += bytesOfFrame;
            if (frame.coalesced != 0) {
                coalesced++;
                coalescedBytes += bytesOfFrame;
            }
        }
    }

    /** Counts a frame that the driver has sent; {@code superFrame} is true when the driver sent it as a super-frame. */
    void sent(Frame frame, boolean superFrame) {
        moved(frame, frame.bytes);
        if (superFrame) {
            superFrames++;
            superFrameBytes += frame.bytes;
            if (frame.segmentsMade == 0) {
                whole++;
                wholeBytes += frame.bytes;
            } else {
                segments += frame.segmentsMade;
                segmentBytes += frame.segmentBytes;
            }
        }
    }

    /** Counts plain frames, {@code partialChecksums} of which have a partial checksum. */
    void moved(int frames, long bytesOfFrames, int partialChecksums) {
        packets += frames;
        bytes += bytesOfFrames;
        needsChecksum += partialChecksums;
        checksumNone += frames - partialChecksums;
    }

    private void moved(Frame frame, int bytesOfFrame) {
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

    /** Resets all statistics to zero. */
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
        superFrames = 0;
        superFrameBytes = 0;
        coalesced = 0;
        coalescedBytes = 0;
        segments = 0;
        segmentBytes = 0;
        whole = 0;
        wholeBytes = 0;
        done = 0;
    }
}
