// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.bridge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.memory.HostMemory;

/**
 * Converts a frame to its forms with and without a VLAN tag (IEEE 802.1Q section 9). The Ethernet header is copied once
 * into private memory. The VLAN is read from the copy, and every receiver gets the copy, so that a guest that rewrites
 * its memory meanwhile cannot escape from its VLAN. All other bytes are not copied.
 *
 * <p>A tag shifts the bytes after it by four. So hdr_len, csum_start and the offsets of a tunnel are adjusted.
 *
 * <p>Belongs to one lane. Reused for every frame.
 */
final class TaggedFrames {
    /** Length of a tag in bytes. */
    static final int TAG = 4;

    private static final int ADDRESSES = 12;
    private static final int UNTAGGED_HEADER = Frame.ETHERNET_HEADER;
    private static final int VLAN_ID = 0xfff;

    /** Offset in {@link #memory} of the header with a tag; the header without a tag is before it. */
    private static final int TAGGED = 32;

    private final MemorySegment memory = Arena.ofAuto().allocate(64, 64);
    private final long header = memory.address();
    private final Frame untagged = new Frame();
    private final Frame tagged = new Frame();
    private @Nullable Frame original;

    /** The TCI of the tag with which the frame arrived, or -1. */
    private int control;

    /** EtherType (TPID) of the tag that the frame has or gets. */
    private int tpid;

    /** The TCI of the second tag, or -1. */
    private int second;

    /**
     * Length in bytes of the copied header without the first tag, and of the part of the original frame that the copy
     * replaces.
     */
    private int headerBytes;

    private int skipped;

    private boolean untaggedMade;
    private int taggedFor;

    /** Returns whether a frame has a tag; a frame that ends within the tag has none. */
    static boolean hasTag(long address) {
        return isTag(HostMemory.getShortBE(address + ADDRESSES));
    }

    private static boolean isTag(int etherType) {
        return etherType == PortVlan.C_TAG || etherType == PortVlan.S_TAG;
    }

    /**
     * Reads a frame's Ethernet header.
     *
     * @param frame a frame of at least {@link Frame#ETHERNET_HEADER} bytes
     * @return false when the frame ends within a tag
     */
    boolean read(Frame frame) {
        original = frame;
        untaggedMade = false;
        taggedFor = -1;
        control = -1;
        second = -1;
        tpid = PortVlan.C_TAG;
        headerBytes = UNTAGGED_HEADER;
        skipped = UNTAGGED_HEADER;
        gather(frame, Math.min(frame.bytes, UNTAGGED_HEADER + 2 * TAG));
        int type = HostMemory.getShortBE(header + ADDRESSES);
        if (!isTag(type)) {
            return true;
        }
        skipped += TAG;
        if (frame.bytes < skipped) {
            return false;
        }
        tpid = type;
        control = HostMemory.getShortBE(header + ADDRESSES + 2);
        // After the tag: the EtherType, possibly of another tag, and that tag.
        HostMemory.putLongLE(header + ADDRESSES, HostMemory.getLongLE(header + ADDRESSES + TAG));
        if (isTag(HostMemory.getShortBE(header + ADDRESSES))) {
            headerBytes += TAG;
            skipped += TAG;
            second = HostMemory.getShortBE(header + ADDRESSES + 2);
        }
        return frame.bytes >= skipped;
    }

    /**
     * Treats the tag of the frame, if it has one, as the inner tag: the frame is in a service VLAN, whose tag it does
     * not have yet.
     *
     * @param service the EtherType of the service tag that it gets
     */
    void wrap(int service) {
        if (control >= 0) {
            long behind = HostMemory.getLongLE(header + ADDRESSES);
            HostMemory.putShortBE(header + ADDRESSES, tpid);
            HostMemory.putShortBE(header + ADDRESSES + 2, control);
            HostMemory.putLongLE(header + ADDRESSES + TAG, behind);
            headerBytes += TAG;
        }
        second = control;
        control = -1;
        tpid = service;
    }

    private void gather(Frame frame, int bytes) {
        int done = 0;
        for (int i = 0; done < bytes; i++) {
            int part = Math.min(frame.length[i], bytes - done);
            HostMemory.copy(frame.address[i], header + done, part);
            done += part;
        }
    }

    /** Returns the destination MAC address, 48 bits. */
    long destination() {
        return HostMemory.getLongBE(header) >>> 16;
    }

    /** Returns the source MAC address, 48 bits. */
    long source() {
        return HostMemory.getLongBE(header + 6) >>> 16;
    }

    /** Returns the VLAN ID of the tag, 0 to 4095; also 0 for a frame without a tag. */
    int vlan() {
        return control < 0 ? 0 : control & VLAN_ID;
    }

    /** Returns whether the frame has an inner tag after that of the VLAN. */
    boolean hasSecondTag() {
        return second >= 0;
    }

    /** Returns the VLAN ID of the inner tag; also 0 without an inner tag. */
    int inner() {
        return second < 0 ? 0 : second & VLAN_ID;
    }

    /** Returns the frame without its tag, valid until the next {@link #read}; null when it has too many pieces. */
    @Nullable
    Frame without() {
        if (!untaggedMade) {
            untaggedMade = build(untagged, header, headerBytes);
        }
        return untaggedMade ? untagged : null;
    }

    /**
     * Returns the frame with a tag, which has the priority of the tag with which the frame arrived.
     *
     * @param vlan the VLAN ID
     * @return the frame, valid until the next {@link #read}; null when it has too many pieces, or would be too long
     */
    @Nullable
    Frame with(int vlan) {
        if (taggedFor != vlan) {
            long at = header + TAGGED;
            HostMemory.copy(header, at, ADDRESSES);
            HostMemory.putShortBE(at + ADDRESSES, tpid);
            HostMemory.putShortBE(at + ADDRESSES + 2, (control < 0 ? 0 : control & ~VLAN_ID) | vlan);
            HostMemory.copy(header + ADDRESSES, at + ADDRESSES + TAG, headerBytes - ADDRESSES);
            if (!build(tagged, at, headerBytes + TAG)) {
                return null;
            }
            taggedFor = vlan;
        }
        return tagged;
    }

    private boolean build(Frame made, long headerAt, int bytes) {
        Frame from = original;
        int moved = bytes - skipped;
        if (from == null || from.bytes + moved > Frame.MAX_BYTES) {
            return false;
        }
        made.clear();
        boolean fits = made.add(headerAt, bytes);
        int left = skipped;
        for (int i = 0; fits && i < from.pieces; i++) {
            int length = from.length[i];
            if (left >= length) {
                left -= length;
            } else {
                fits = made.add(from.address[i] + left, length - left);
                left = 0;
            }
        }
        made.header(from);
        made.headerLength = from.headerLength == 0 ? 0 : Math.max(0, from.headerLength + moved);
        if ((from.flags & Frame.NEEDS_CSUM) != 0) {
            made.checksumStart = Math.max(0, from.checksumStart + moved);
        }
        if ((from.gsoType & Frame.GSO_UDP_TUNNEL) != 0) {
            made.outerTransportOffset = from.outerTransportOffset + moved;
            made.innerNetworkOffset = from.innerNetworkOffset + moved;
        }
        made.needs = from.needs;
        made.coalesced = from.coalesced;
        made.duplicateAcks = from.duplicateAcks;
        made.segmentsDone = from.segmentsDone;
        made.segmentsMade = from.segmentsMade;
        made.segmentBytes = from.segmentBytes;
        made.fragmentId = from.fragmentId;
        return fits;
    }

    /** Copies the number of delivered segments from a converted frame to the frame that was read. */
    void progress(Frame made) {
        Frame to = original;
        if (to != null) {
            to.segmentsDone = made.segmentsDone;
            to.segmentsMade = made.segmentsMade;
            to.segmentBytes = made.segmentBytes;
            to.fragmentId = made.fragmentId;
        }
    }
}
