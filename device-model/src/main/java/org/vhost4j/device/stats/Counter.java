// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.stats;

/** The counters of a guest's device. "Sent" and "received" are from the guest's point of view. */
public enum Counter {
    /** Frames that the guest sent and that were forwarded. */
    TX_FRAMES("frames sent"),
    /** Bytes of those frames from the destination MAC address on. */
    TX_BYTES("bytes sent"),
    /** Super-frames among them: TCP over IPv4. */
    TX_TCPV4("TCPv4 super-frames sent"),
    /** Super-frames among them: TCP over IPv6. */
    TX_TCPV6("TCPv6 super-frames sent"),
    /** Super-frames among them: UDP to be segmented into datagrams. */
    TX_UDP_L4("UDP_L4 super-frames sent"),
    /** Frames that the guest sent with a partial checksum. */
    TX_PARTIAL_CHECKSUM("frames sent with a partial checksum"),
    /** Frames of the guest dropped because their virtio-net header or their packet headers break a rule. */
    TX_BAD_HEADER("frames dropped for a bad header"),
    /** Frames of the guest dropped because the queue pair was not enabled. */
    TX_DISABLED("frames dropped because their queue is disabled"),
    /** Frames of the guest dropped because it must not send from their source address. */
    TX_BAD_SOURCE("frames dropped because their source address is not the guest's"),
    /** Flooded frames of the guest dropped because they exceeded the limit per second. */
    TX_FLOOD_LIMIT("frames for all ports dropped beyond the limit of a second"),
    /** Frames of the guest dropped because they are in no VLAN of its port. */
    TX_OUTSIDE_VLANS("frames dropped because they are in no VLAN of the port"),
    /** Stations that moved to this guest from another port. */
    STATIONS_MOVED("stations moved here from another port"),
    /** Stations of this guest that another port, whose guest runs, claims as well: two guests have one address. */
    STATIONS_CLAIMED("stations that another port claims as well"),
    /** Stations behind this guest that were forgotten because there were too many. */
    STATIONS_FORGOTTEN("stations forgotten because the guest has too many"),
    /** Frames that the guest received. */
    RX_FRAMES("frames received"),
    /** Bytes of those frames from the destination MAC address on. */
    RX_BYTES("bytes received"),
    /** Super-frames among them: TCP over IPv4. */
    RX_TCPV4("TCPv4 super-frames received"),
    /** Super-frames among them: TCP over IPv6. */
    RX_TCPV6("TCPv6 super-frames received"),
    /** Super-frames among them: UDP to be segmented into datagrams. */
    RX_UDP_L4("UDP_L4 super-frames received"),
    /** Frames for the guest dropped because no queue was ready. */
    RX_NOT_READY("frames dropped because no receive queue was ready"),
    /**
     * Frames for the guest dropped because it had made no buffers available, and senders had used their time to wait or
     * do not wait.
     */
    RX_NO_BUFFER("frames dropped because the guest had posted no buffers"),
    /** Frames for the guest dropped because its buffers were too small. */
    RX_TOO_LONG("frames dropped because the guest's buffers were too small"),
    /** Frames for the guest dropped by its own receive filter. */
    RX_FILTERED("frames dropped by the guest's receive filter"),
    /** Frames for the guest dropped because they exceeded its rate limit. */
    RX_RATE_LIMIT("frames dropped beyond the guest's rate"),
    /** Interrupts raised. */
    INTERRUPTS("interrupts raised"),
    /** Commands of the control queue that were executed. */
    CONTROL_OK("control commands carried out"),
    /** Commands of the control queue that were refused. */
    CONTROL_REFUSED("control commands refused");

    private final String meaning;

    Counter(String meaning) {
        this.meaning = meaning;
    }

    /**
     * Returns a description of the counter.
     *
     * @return a few words in the plural
     */
    public String meaning() {
        return meaning;
    }
}
