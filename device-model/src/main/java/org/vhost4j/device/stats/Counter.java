// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.stats;

/** The counters of a guest's device. "Sent" and "received" are from the guest's point of view. */
public enum Counter {
    /** Frames that the guest sent and that were forwarded. */
    TX_FRAMES("frames sent"),
    /** Bytes of these frames, from the destination MAC address on. */
    TX_BYTES("bytes sent"),
    /** TCP super-frames over IPv4 among these frames. */
    TX_TCPV4("TCPv4 super-frames sent"),
    /** TCP super-frames over IPv6 among these frames. */
    TX_TCPV6("TCPv6 super-frames sent"),
    /** UDP super-frames to be segmented into datagrams (USO) among these frames. */
    TX_UDP_L4("UDP_L4 super-frames sent"),
    /** Frames that the guest sent with a partial checksum. */
    TX_PARTIAL_CHECKSUM("frames sent with a partial checksum"),
    /** Frames from the guest that were dropped because their virtio-net header or packet headers are invalid. */
    TX_BAD_HEADER("frames dropped for a bad header"),
    /** Frames from the guest that were dropped because their queue pair was not enabled. */
    TX_DISABLED("frames dropped because their queue is disabled"),
    /** Frames from the guest that were dropped because it must not send from their source address. */
    TX_BAD_SOURCE("frames dropped because their source address is not the guest's"),
    /** Frames from the guest that were dropped instead of flooded, because they exceeded the limit per second. */
    TX_FLOOD_LIMIT("flooded frames dropped beyond the limit per second"),
    /** Frames from the guest that were dropped because its port does not carry their VLAN. */
    TX_OUTSIDE_VLANS("frames dropped because they are in no VLAN of the port"),
    /** Stations that moved to this guest from another port. */
    STATIONS_MOVED("stations moved to this guest from another port"),
    /** Stations of this guest that another running guest claims as well: two guests have the same address. */
    STATIONS_CLAIMED("stations that another port claims as well"),
    /** Stations behind this guest that were forgotten because the guest had too many. */
    STATIONS_FORGOTTEN("stations forgotten because the guest has too many"),
    /** Frames that the guest received. */
    RX_FRAMES("frames received"),
    /** Bytes of these frames, from the destination MAC address on. */
    RX_BYTES("bytes received"),
    /** TCP super-frames over IPv4 among these frames. */
    RX_TCPV4("TCPv4 super-frames received"),
    /** TCP super-frames over IPv6 among these frames. */
    RX_TCPV6("TCPv6 super-frames received"),
    /** UDP super-frames to be segmented into datagrams (USO) among these frames. */
    RX_UDP_L4("UDP_L4 super-frames received"),
    /** Frames for the guest that were dropped because no receive queue was ready. */
    RX_NOT_READY("frames dropped because no receive queue was ready"),
    /**
     * Frames for the guest that were dropped because it had made no buffers available, and their sender did not wait or
     * had used up its time to wait.
     */
    RX_NO_BUFFER("frames dropped because the guest had posted no buffers"),
    /** Frames for the guest that were dropped because its buffers were too small. */
    RX_TOO_LONG("frames dropped because the guest's buffers were too small"),
    /** Frames for the guest that were dropped by its own receive filter. */
    RX_FILTERED("frames dropped by the guest's receive filter"),
    /** Frames for the guest that were dropped because they exceeded its rate limit. */
    RX_RATE_LIMIT("frames dropped beyond the guest's rate limit"),
    /** Interrupts that were raised. */
    INTERRUPTS("interrupts raised"),
    /** Commands of the control queue that were executed. */
    CONTROL_OK("control commands executed"),
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
