// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/** Classes, commands and answers of the control queue (virtio 1.4 section 5.1.6.5). */
public final class Control {
    /** Answer: the command was executed. */
    public static final int OK = 0;
    /** Answer: the command failed. */
    public static final int ERR = 1;

    /** Class: receive modes; each command takes one byte, on or off. */
    public static final int RX = 0;
    /** Command of class RX: receive all frames. */
    public static final int RX_PROMISC = 0;
    /** Command of class RX: receive all multicast frames. */
    public static final int RX_ALLMULTI = 1;
    /** Command of class RX: receive all unicast frames (CTRL_RX_EXTRA). */
    public static final int RX_ALLUNI = 2;
    /** Command of class RX: receive no multicast frames (CTRL_RX_EXTRA). */
    public static final int RX_NOMULTI = 3;
    /** Command of class RX: receive no unicast frames (CTRL_RX_EXTRA). */
    public static final int RX_NOUNI = 4;
    /** Command of class RX: receive no broadcast frames (CTRL_RX_EXTRA). */
    public static final int RX_NOBCAST = 5;

    /** Class: MAC addresses. */
    public static final int MAC = 1;
    /**
     * Command of class MAC: set the filter tables for unicast and for multicast; each is a le32 number of entries, followed by 6 bytes for
     * each entry.
     */
    public static final int MAC_TABLE_SET = 0;
    /** Command of class MAC: set the device's address, 6 bytes (CTRL_MAC_ADDR). */
    public static final int MAC_ADDR_SET = 1;

    /** Class: VLAN filter; each command takes le16. */
    public static final int VLAN = 2;
    /** Command of class VLAN: receive the frames of a VLAN. */
    public static final int VLAN_ADD = 0;
    /** Command of class VLAN: stop receiving the frames of a VLAN. */
    public static final int VLAN_DEL = 1;

    /** Class: announcement. */
    public static final int ANNOUNCE = 3;
    /** Command of class ANNOUNCE: the driver has announced itself; no data. */
    public static final int ANNOUNCE_ACK = 0;

    /** Class: multiqueue. */
    public static final int MQ = 4;
    /** Command of class MQ: set the number of queue pairs in use, le16. */
    public static final int MQ_VQ_PAIRS_SET = 0;

    /** Command of class MQ: configure receive-side scaling: hash types, indirection table, hash key. */
    public static final int MQ_RSS_CONFIG = 1;
    /** Command of class MQ: configure hash reports: hash types and hash key. */
    public static final int MQ_HASH_CONFIG = 2;

    /** Class: receive offloads. */
    public static final int GUEST_OFFLOADS = 5;
    /** Command of class GUEST_OFFLOADS: set the enabled receive offloads, le64 of feature bits. */
    public static final int GUEST_OFFLOADS_SET = 0;

    /** Class: statistics (DEVICE_STATS). */
    public static final int STATS = 8;
    /** Command of class STATS: query the supported statistics types; no data, the result is le64. */
    public static final int STATS_QUERY = 0;
    /** Command of class STATS: read statistics of queues; any number of entries of le16 queue index, 6 bytes of zero, le64 types. */
    public static final int STATS_GET = 1;

    private Control() {}
}
