// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

/** What a {@link SmallBackEnd} does wrong. */
enum Fault {
    /** Nothing. */
    NONE,
    /** num_buffers is one too small. */
    NUM_BUFFERS,
    /** Every eighth interrupt is not raised. */
    LOST_INTERRUPT,
    /** Interrupts are raised though the driver wants none. */
    UNWANTED_INTERRUPT,
    /** GET_VRING_BASE tells one too many. */
    VRING_BASE,
    /** A ring starts at its first kick. */
    START_BY_KICK,
    /** A disabled transmit ring sends. */
    IGNORED_ENABLE,
    /** The checksum of what was sent with a partial one is wrong. */
    CHECKSUM,
    /** Segments all have the identification and sequence number of the first. */
    SEGMENT_NUMBERS,
    /** The checksum of the last segment is wrong. */
    SEGMENT_CHECKSUM,
    /** The last byte of each frame is lost. */
    CUT_FRAME,
    /** A reply has the need_reply flag of its request. */
    REPLY_FLAGS,
    /** A request that does not exist is answered with success. */
    UNKNOWN_IS_DONE,
    /** A new call descriptor is not used. */
    OLD_CALL,
    /** The used length of a receive buffer does not count the header. */
    USED_LENGTH,
    /** A malformed message ends the back-end. */
    FRAGILE,
    /** Pages that frames are received into are not marked in the log. */
    UNMARKED_PAGE,
    /** Pages that frames are received into are marked before they are written. */
    MARKED_FIRST,
    /** The log of a connection is used for the next one. */
    OLD_LOG,
    /** The whole file of the log is taken for the log, whatever its size and offset are said to be. */
    WHOLE_FILE,
    /** A stopped ring's used index is still written. */
    LATE_WRITE
}
