// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/** Classes, commands and answers of the control queue (virtio 1.4 section 5.1.6.5). */
public final class Control {
    /** Answer: done. */
    public static final int OK = 0;
    /** Answer: not done. */
    public static final int ERR = 1;

    /** Class: receive modes; each command takes one byte, on or off. */
    public static final int RX = 0;
    /** Everything is received. */
    public static final int RX_PROMISC = 0;
    /** Every multicast frame is received. */
    public static final int RX_ALLMULTI = 1;
    /** Every unicast frame is received (CTRL_RX_EXTRA). */
    public static final int RX_ALLUNI = 2;
    /** No multicast frame is received (CTRL_RX_EXTRA). */
    public static final int RX_NOMULTI = 3;
    /** No unicast frame is received (CTRL_RX_EXTRA). */
    public static final int RX_NOUNI = 4;
    /** No broadcast frame is received (CTRL_RX_EXTRA). */
    public static final int RX_NOBCAST = 5;

    /** Class: MAC addresses. */
    public static final int MAC = 1;
    /** Two tables, each le32 entries and 6 bytes an entry: unicast, multicast. */
    public static final int MAC_TABLE_SET = 0;
    /** The default address, 6 bytes (CTRL_MAC_ADDR). */
    public static final int MAC_ADDR_SET = 1;

    /** Class: VLAN filter; each command takes le16. */
    public static final int VLAN = 2;
    /** Frames of a VLAN are received. */
    public static final int VLAN_ADD = 0;
    /** Frames of a VLAN are not received. */
    public static final int VLAN_DEL = 1;

    /** Class: announcement. */
    public static final int ANNOUNCE = 3;
    /** The driver announced itself; no data. */
    public static final int ANNOUNCE_ACK = 0;

    /** Class: several queue pairs. */
    public static final int MQ = 4;
    /** The number of pairs that are in use, le16. */
    public static final int MQ_VQ_PAIRS_SET = 0;

    /** Receive-side scaling: types, indirection table, key. */
    public static final int MQ_RSS_CONFIG = 1;
    /** Hash reports: types and key. */
    public static final int MQ_HASH_CONFIG = 2;

    /** Class: receive offloads. */
    public static final int GUEST_OFFLOADS = 5;
    /** Which receive offloads are on, le64 of feature bits. */
    public static final int GUEST_OFFLOADS_SET = 0;

    /** Class: statistics (DEVICE_STATS). */
    public static final int STATS = 8;
    /** Which types there are; no data, le64 result. */
    public static final int STATS_QUERY = 0;
    /** Statistics of queues: le16 queue, 6 bytes of zero, le64 types, as often as wanted. */
    public static final int STATS_GET = 1;

    private Control() {}
}
