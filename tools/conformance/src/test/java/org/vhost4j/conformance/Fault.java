// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.List;

/** The faults of {@link SmallBackEnd}, each with the cases that must detect it. */
enum Fault {
    /** Nothing. */
    NONE,

    // Messages.
    /** The reply to GET_FEATURES has the need_reply flag of its request. */
    REPLY_FLAGS("message.reply-ack-once"),
    /** The reply to GET_MAX_MEM_SLOTS has version 0. */
    REPLY_VERSION("message.reply-header"),
    /** The reply to GET_MAX_MEM_SLOTS has the number of the next request. */
    REPLY_NUMBER("message.reply-header"),
    /** The reply to GET_MAX_MEM_SLOTS has 4 bytes instead of 8. */
    REPLY_SHORT("message.reply-header"),
    /** The connection is closed in the middle of the reply to GET_MAX_MEM_SLOTS. */
    REPLY_CUT("message.reply-header"),
    /** One of many requests is not answered. */
    LOST_REQUEST("message.in-order"),
    /** Every second GET_FEATURES reply lacks a bit. */
    FEATURES_CHANGE("message.features-stable"),
    /** HOST_TSO4 is offered without CSUM. */
    LONE_TSO("message.feature-dependencies"),
    /** BACKEND_SEND_FD is offered without BACKEND_REQ. */
    LONE_SEND_FD("message.protocol-dependencies"),
    /** SET_VRING_NUM is acknowledged before guest memory is shared, although need_reply is not set. */
    UNASKED_REPLY("message.no-reply-unasked"),
    /** need_reply is not answered before guest memory is shared. */
    NO_REPLY_ACK("message.reply-ack"),
    /** SET_VRING_CALL without a descriptor is executed, but acknowledged with 1. */
    FALSE_REFUSAL("message.reply-ack"),
    /** a request that has a specific reply gets two replies when need_reply is set. */
    TWO_REPLIES("message.reply-ack-once"),
    /** The bytes after GET_PROTOCOL_FEATURES in the same read are discarded. */
    ONE_MESSAGE_A_READ("message.in-order"),
    /** An unknown request is answered with success. */
    UNKNOWN_IS_DONE("hostile-message.unknown-is-refused"),
    /** A malformed message ends the back-end. */
    FRAGILE("hostile-message.too-short"),

    // Rings that start and stop.
    /** GET_VRING_BASE returns an index that is one too large. */
    VRING_BASE("ring.base"),
    /** GET_VRING_BASE returns 0. */
    BASE_ZERO("ring.resume"),
    /** GET_VRING_BASE is answered for the other ring. */
    BASE_OF_OTHER("ring.base"),
    /** GET_VRING_BASE counts receive buffers that were not used. */
    BASE_COUNTS_AVAIL("ring.base-receive"),
    /** SET_VRING_BASE is ignored. */
    IGNORED_BASE("ring.start-anywhere"),
    /** Available buffers of a transmit ring that starts wait for a second kick. */
    SECOND_KICK("ring.kick-starts"),
    /** A ring continues after GET_VRING_BASE. */
    NO_STOP("ring.stopped-is-silent"),
    /** GET_VRING_BASE stops both rings. */
    STOPS_BOTH("ring.one-stops"),
    /** A ring that starts again begins with the last chain that was used. */
    REPEATED("ring.resume"),
    /** A disabled transmit ring sends. */
    IGNORED_ENABLE("ring.disabled-discards"),
    /** A disabled transmit ring is not processed. */
    DISABLED_WAITS("ring.disabled-discards"),
    /** A disabled receive ring receives frames. */
    DISABLED_RECEIVES("ring.disabled-receives-nothing"),
    /** A ring that was disabled stays disabled. */
    STAYS_DISABLED("ring.enable-goes-on"),
    /** Without PROTOCOL_FEATURES rings are not enabled. */
    NEEDS_ENABLE("ring.without-protocol-features"),
    /** The header has 12 bytes, even for legacy drivers. */
    MODERN_HEADER("ring.legacy"),
    /** A new call descriptor is not used. */
    OLD_CALL("ring.call-replaced"),
    /** A ring without a call descriptor is not processed. */
    NEEDS_CALL("ring.call-absent"),

    // Checksums and segments.
    /** The checksum of a frame that was sent with a partial checksum is wrong. */
    CHECKSUM("tx.csum-tcp4", "tx.csum-udp6"),
    /** A UDP checksum of 0 stays 0. */
    ZERO_CHECKSUM("tx.csum-udp-zero"),
    /** csum_start is ignored, and 34 is used instead. */
    FIXED_START("tx.csum-vlan"),
    /** Segments all have the identification and sequence number of the first. */
    SEGMENT_NUMBERS("tx.tso4"),
    /** The checksum of the last segment is wrong. */
    SEGMENT_CHECKSUM("tx.tso4"),
    /** The checksum of the IPv4 header of segments is that of the super-frame. */
    SEGMENT_IP_CHECKSUM("tx.tso4"),
    /** The IPv4 length of segments is that of the super-frame. */
    SEGMENT_LENGTH("tx.tso4"),
    /** Segments are 8 bytes longer than gso_size. */
    SEGMENT_SIZE("tx.tso4"),
    /** The last segment is not sent. */
    SEGMENT_LOST("tx.tso4"),
    /** All segments have the flags PSH and FIN. */
    SEGMENT_FLAGS("tx.tso-flags"),

    // Receive buffers.
    /** The last byte of each frame is lost. */
    CUT_FRAME("rx.plain-header", "chain.transmit-lengths"),
    /** The received header has the flags of the sent header. */
    STALE_FLAGS("tx.csum-tcp4"),
    /** num_buffers is one too small. */
    NUM_BUFFERS("rx.mergeable-num-buffers"),
    /** num_buffers is not written without MRG_RXBUF. */
    NUM_BUFFERS_ZERO("rx.num-buffers-is-1"),
    /** A frame that exactly fills its buffers uses another buffer. */
    SPARE_BUFFER("rx.mergeable-edges"),
    /** The used length of a receive buffer does not count the header. */
    USED_LENGTH("rx.mergeable-edges"),
    /** A frame that is larger than a buffer is truncated. */
    CUT_TO_ROOM("rx.buffer-too-small"),
    /** A frame that is larger than a buffer blocks the frames after it. */
    STUCK_FRAME("rx.buffer-too-small"),
    /** A receive ring that was empty once receives no more frames. */
    GIVES_UP("rx.no-buffers"),

    // Chains.
    /** Only the first descriptor of a chain is read. */
    FIRST_DESCRIPTOR("chain.transmit-lengths"),
    /** The header has to be in one descriptor. */
    HEADER_IN_ONE("chain.any-layout"),
    /** Only the first descriptor of a receive buffer is written. */
    FIRST_WRITTEN("chain.receive-layouts"),
    /** A chain of more than 8 descriptors is discarded. */
    SHORT_CHAINS("chain.as-long-as-the-queue"),
    /** Every ring is treated as if it had at most 256 entries. */
    SIZE_256("chain.queue-sizes"),
    /** An indirect table is read as if it were a frame. */
    NO_TABLES("chain.indirect-transmit"),
    /** Only the first entry of an indirect table is read. */
    FIRST_OF_TABLE("chain.indirect-transmit"),
    /** Every eighth chain is marked used with the head of another chain. */
    WRONG_HEAD("chain.laps"),
    /** Every eighth chain is used twice. */
    USED_TWICE("chain.laps"),

    // Notifications.
    /** Every eighth interrupt is not raised. */
    LOST_INTERRUPT("notify.interrupt", "notify.random"),
    /** Interrupts are raised although the driver suppresses them. */
    UNWANTED_INTERRUPT("notify.no-interrupt"),

    // Memory.
    /** Only the first region of the table is used. */
    ONE_REGION("memory.buffers-elsewhere"),
    /** Only four regions of the table are used. */
    FOUR_REGIONS("memory.eight-regions"),
    /** The mmap offset of a region is ignored. */
    NO_OFFSET("memory.file-offset", "memory.shared-file"),
    /** A buffer must be within one region. */
    NO_CROSSING("memory.buffer-across-regions"),
    /** The first table is never replaced. */
    OLD_TABLE("memory.buffers-elsewhere"),
    /** A region that was added is not used. */
    UNUSED_SLOT("memory.buffers-in-added-region"),
    /** A region that was removed is still used. */
    KEPT_SLOT("slot.again"),
    /** REM_MEM_REG removes the region that was added last. */
    REMOVES_LAST("slot.any-order"),
    /** There are only half as many slots as GET_MAX_MEM_SLOTS returns. */
    HALF_THE_SLOTS("memory.slots"),

    // The log.
    /** Pages of receive buffers are not marked in the log. */
    UNMARKED_PAGE("log.receive-buffers", "log.complete", "log.last-page", "migration.cancel-and-retry"),
    /** The page after the one that was written is marked. */
    NEXT_PAGE("log.receive-buffers"),
    /** The used ring is not marked. */
    UNMARKED_RING("log.used-ring"),
    /** Only the first written page of a buffer is marked. */
    FIRST_PAGE("log.receive-buffers"),
    /** Pages of receive buffers are marked before they are written. */
    MARKED_FIRST("log.fetch-and-clear"),
    /** A log that replaces another is not used. */
    FIRST_LOG("log.replaced"),
    /** The log of a connection is used for the next one. */
    OLD_LOG("migration.never-ended"),
    /** The whole file is used as the log, regardless of the mmap size and offset. */
    WHOLE_FILE("log-failure.too-small", "log-failure.offset"),
    /** A stopped ring's used index is still written. */
    LATE_WRITE("migration.stop-in-burst"),

    // The control queue.
    /** A receive mode command without its data byte is answered with success. */
    MODE_WITHOUT_VALUE("control.rx-without-a-value"),
    /** The extra receive modes are refused. */
    EXTRA_REFUSED("control.rx-extra"),
    /** VIRTIO_NET_CTRL_RX_NOUNI has no effect. */
    UNICAST_COMES("control.rx-no-unicast"),
    /** A table of addresses that is shorter than its entry count requires is accepted. */
    TABLE_CUT("control.mac-table-cut"),
    /** The table of addresses is not used, and no frame passes the filter. */
    TABLE_UNUSED("control.mac-table-filter"),
    /** An address of 5 bytes is accepted. */
    SHORT_ADDRESS("control.mac-addr-cut"),
    /** Only frames of the VLAN that was added last are received. */
    VLAN_LAST("control.vlan-filter"),
    /** An unknown command is answered with success. */
    UNKNOWN_COMMAND("control.unknown-in-class"),
    /** After 70 commands no further one is answered. */
    CONTROL_STOPS("control.many"),
    /** An interrupt is delayed until the maximum number of frames is reached, without a time limit. */
    COALESCE_HOLDS("control.coalescing"),
    /** The coalescing parameters that are set for a queue are not stored. */
    COALESCE_FORGOTTEN("control.coalescing-of-a-queue"),
    /** Coalescing parameters of a nonexistent queue are accepted. */
    COALESCE_ANY("control.coalescing-of-a-queue"),

    // Hashes.
    /** The hash of TCP and UDP does not include the ports. */
    HASH_WITHOUT_PORTS("hash.tcp4", "hash.udp6"),
    /** hash_report is IPv4 for IPv6 frames. */
    HASH_REPORT_IPV4("hash.ipv6", "hash.tcp6"),
    /** A hash of a type that is not enabled is reported. */
    HASH_UNSELECTED("hash.not-selected"),
    /** A hash is reported before hash types are configured. */
    HASH_EARLY("hash.not-configured"),
    /** A key of any length is accepted. */
    HASH_ANY_KEY("hash.wrong-key"),

    // In-flight tracking.
    /** A chain that was used stays marked in flight. */
    INFLIGHT_KEPT("inflight.cleared"),
    /** desc_num is one too small. */
    INFLIGHT_DESC_NUM("inflight.area"),
    /** A chain that another back-end had in flight is lost. */
    INFLIGHT_LOST("inflight.returned"),
    /** A chain that another back-end had in flight is used twice. */
    INFLIGHT_TWICE("inflight.returned"),
    /** An area that is too small ends the back-end. */
    INFLIGHT_FRAGILE("inflight.set-too-small"),

    // The IOMMU.
    /** No IOTLB miss is sent. */
    IOTLB_SILENT("iommu.asked"),
    /** An IOTLB update without a preceding miss is not used. */
    IOTLB_UNASKED_UNUSED("iommu.told-before"),
    /** An invalidated translation is still used. */
    IOTLB_KEPT("iommu.withdrawn"),
    /** An IOTLB update that is used is answered with 1. */
    IOTLB_ANSWER("iommu.answers"),

    // Postcopy.
    /** POSTCOPY_END is answered with 1. */
    POSTCOPY_END_REFUSED("postcopy.advise-and-end"),
    /** Memory with missing pages is not registered with userfaultfd. */
    POSTCOPY_UNREGISTERED("postcopy.page-fault"),
    /** SET_MEM_TABLE is answered with addresses at which nothing is mapped. */
    POSTCOPY_ADDRESS("postcopy.page-fault"),

    // The device's state.
    /** The pipe stays open after the state was saved. */
    STATE_NOT_ENDED("state.moves"),
    /** A part of a state is accepted. */
    STATE_CUT("state.truncated", "state.first-byte-only"),
    /** Bytes after a state are ignored. */
    STATE_LONGER("state.oversized"),
    /** Any state of the right size is accepted. */
    STATE_ANY("state.unknown"),

    // The device.
    /** GET_QUEUE_NUM returns a different number each time. */
    QUEUE_NUM_CHANGES("device.queue-num"),
    /** An MTU of 1500 is refused. */
    MTU_REFUSED("device.mtu"),
    /** GET_CONFIG returns the beginning of the config space, regardless of the offset. */
    CONFIG_OFFSET("device.config-in-parts"),
    /** The MAC address is a multicast address. */
    CONFIG_MAC("device.config-mac"),
    /** The status field has bits that have no meaning. */
    CONFIG_STATUS("device.config-link"),
    /** The MTU is 10. */
    CONFIG_MTU("device.config-mtu"),

    /** Read-only fields of the config space can be written. */
    CONFIG_WRITABLE("device.config-read-only"),
    /** GET_CONFIG after the end of the config space is not answered. */
    CONFIG_SILENT("device.config-outside"),
    /** Any MTU is accepted. */
    MTU_ANY("device.mtu-invalid"),
    /** CONFIG_CHANGE_MSG is sent without PROTOCOL_F_CONFIG. */
    CHANGE_UNASKED("channel.without-config"),
    /** CONFIG_CHANGE_MSG is sent with a payload. */
    CHANGE_PAYLOAD("channel.config-change"),
    /** The end of the channel ends the connection. */
    CHANNEL_ENDS("channel.closed"),

    // Reset and the next connection.
    /** GET_STATUS returns 0. */
    STATUS_FORGOTTEN("reset.status-is-kept"),
    /** A device whose status was set to 0 does not start again. */
    STATUS_ENDS("reset.status"),
    /** A device that was reset does not start again. */
    RESET_ENDS("reset.device"),
    /** RESET_OWNER ends the connection. */
    OWNER_ENDS("reset.owner"),
    /** A ring that starts at 0 continues where it was. */
    NO_NEW_DRIVER("reset.driver"),
    /** Features that were acknowledged first remain active on later connections. */
    OLD_FEATURES("sequence.again-without-mrg-rxbuf"),
    /** After a connection with running rings no further connection is served. */
    ONE_CONNECTION("reset.reconnect"),
    /** SET_VRING_CALL is refused before SET_MEM_TABLE. */
    CALL_TOO_EARLY("sequence.qemu", "sequence.virtio-user"),
    /** SET_VRING_ENABLE is refused before guest memory is shared. */
    ENABLE_TOO_EARLY("sequence.recorded-qemu-10-0", "sequence.recorded-qemu-11-1"),
    /** SET_VRING_BASE is refused after SET_VRING_ADDR. */
    BASE_TOO_LATE("sequence.cloud-hypervisor");

    @SuppressWarnings("ImmutableEnumChecker") // The list is immutable.
    private final List<String> cases;

    Fault(String... cases) {
        this.cases = List.of(cases);
    }

    /** The cases that are there for it. */
    List<String> cases() {
        return cases;
    }
}
