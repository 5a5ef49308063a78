// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.ByteBuffer;
import java.util.Random;
import org.vhost4j.device.driver.DriverHeader;

/**
 * Builds one Ethernet frame of any length, including super-frames, with a TCP segment or a UDP datagram over IPv4 or IPv6. The checksum is
 * complete, or partial as in virtio 1.4 section 5.1.6.2.
 */
public final class PacketBuilder {
    /** TCP flag: no more data from the sender. */
    public static final int FIN = 0x01;
    /** TCP flag: push function. */
    public static final int PSH = 0x08;
    /** TCP flag: the acknowledgement number is valid. */
    public static final int ACK = 0x10;
    /** TCP flag: congestion window reduced (CWR). */
    public static final int CWR = 0x80;

    static final int ETHERNET_BYTES = 14;
    static final int VLAN_BYTES = 4;
    static final int IPV4_BYTES = 20;
    static final int IPV6_BYTES = 40;
    static final int TCP_BYTES = 20;
    static final int UDP_BYTES = 8;
    static final int TCP = 6;
    static final int UDP = 17;

    private final boolean ipv6;
    private final int protocol;
    private byte[] to = mac(0xff);
    private byte[] from = mac(1);
    private int vlan = -1;
    private int sourcePort = 40000;
    private int targetPort = 5001;
    private int tcpFlags = ACK;
    private int tcpOptions;
    private int sequence = 0x1000;
    private int identification = 0x4321;
    private byte[] payload = new byte[0];

    private PacketBuilder(boolean ipv6, int protocol) {
        this.ipv6 = ipv6;
        this.protocol = protocol;
    }

    /**
     * Creates a builder for TCP over IPv4.
     *
     * @return the builder
     */
    public static PacketBuilder tcp4() {
        return new PacketBuilder(false, TCP);
    }

    /**
     * Creates a builder for TCP over IPv6.
     *
     * @return the builder
     */
    public static PacketBuilder tcp6() {
        return new PacketBuilder(true, TCP);
    }

    /**
     * Creates a builder for UDP over IPv4.
     *
     * @return the builder
     */
    public static PacketBuilder udp4() {
        return new PacketBuilder(false, UDP);
    }

    /**
     * Creates a builder for UDP over IPv6.
     *
     * @return the builder
     */
    public static PacketBuilder udp6() {
        return new PacketBuilder(true, UDP);
    }

    /**
     * Returns a unicast MAC address, locally administered.
     *
     * @param number the number of the address, 0 to 254; 255 returns the broadcast address
     * @return the 6 bytes of the address
     */
    public static byte[] mac(int number) {
        return number == 0xff
                ? new byte[] {-1, -1, -1, -1, -1, -1}
                : new byte[] {0x52, 0x54, 0, 0x12, 0x34, (byte) number};
    }

    /**
     * Sets the MAC addresses.
     *
     * @param source the number of the source address, as in {@link #mac}
     * @param target the number of the destination address, as in {@link #mac}
     * @return this
     */
    public PacketBuilder macs(int source, int target) {
        from = mac(source);
        to = mac(target);
        return this;
    }

    /**
     * Adds a VLAN tag (IEEE 802.1Q).
     *
     * @param id the VLAN ID, 0 to 4095
     * @return this
     */
    public PacketBuilder vlan(int id) {
        vlan = id;
        return this;
    }

    /**
     * Sets the ports.
     *
     * @param source the source port, 0 to 65535
     * @param target the destination port, 0 to 65535
     * @return this
     */
    public PacketBuilder ports(int source, int target) {
        sourcePort = source;
        targetPort = target;
        return this;
    }

    /**
     * Sets the TCP flags and the length of the options.
     *
     * @param flags the flags, such as {@link #PSH}
     * @param optionBytes the length of the options in bytes, a multiple of 4 up to 40; the options are no-operations
     * @return this
     */
    public PacketBuilder tcp(int flags, int optionBytes) {
        tcpFlags = flags;
        tcpOptions = optionBytes;
        return this;
    }

    /**
     * Sets the TCP sequence number and the IPv4 identification.
     *
     * @param tcpSequence the sequence number of the first byte of payload
     * @param ipIdentification the IPv4 identification, 0 to 65535
     * @return this
     */
    public PacketBuilder numbers(int tcpSequence, int ipIdentification) {
        sequence = tcpSequence;
        identification = ipIdentification;
        return this;
    }

    /**
     * Sets the payload.
     *
     * @param bytes the payload
     * @return this
     */
    public PacketBuilder payload(byte[] bytes) {
        payload = bytes.clone();
        return this;
    }

    /**
     * Sets a random payload that is different for each seed.
     *
     * @param bytes the length of the payload in bytes
     * @param seed the seed of the random generator
     * @return this
     */
    public PacketBuilder payload(int bytes, long seed) {
        payload = new byte[bytes];
        new Random(seed).nextBytes(payload);
        return this;
    }

    /**
     * Returns the offset of the transport header.
     *
     * @return the offset from the beginning of the frame, in bytes
     */
    public int transportOffset() {
        return ETHERNET_BYTES + (vlan >= 0 ? VLAN_BYTES : 0) + (ipv6 ? IPV6_BYTES : IPV4_BYTES);
    }

    /**
     * Returns the offset of the payload.
     *
     * @return the offset from the beginning of the frame, in bytes
     */
    public int headerLength() {
        return transportOffset() + (protocol == TCP ? TCP_BYTES + tcpOptions : UDP_BYTES);
    }

    private int checksumOffset() {
        return protocol == TCP ? 16 : 6;
    }

    /**
     * Builds the frame with a complete checksum, to be sent with {@link DriverHeader#PLAIN}.
     *
     * @return the frame, from the destination MAC address to the end of the payload
     */
    public byte[] complete() {
        byte[] frame = build();
        int at = transportOffset();
        int sum = fold(sum(frame, at, frame.length - at) + pseudoHeader(frame)) ^ 0xffff;
        if (sum == 0 && protocol == UDP) {
            sum = 0xffff;
        }
        put16(frame, at + checksumOffset(), sum);
        return frame;
    }

    /**
     * Builds the frame with a partial checksum: the checksum field contains the sum of the pseudo header.
     *
     * @return the frame, from the destination MAC address to the end of the payload
     */
    public byte[] partial() {
        byte[] frame = build();
        put16(frame, transportOffset() + checksumOffset(), fold(pseudoHeader(frame)));
        return frame;
    }

    /**
     * Returns the virtio-net header for {@link #partial} when the frame is not to be segmented.
     *
     * @return the header
     */
    public DriverHeader partialHeader() {
        return DriverHeader.partialChecksum(transportOffset(), checksumOffset());
    }

    /**
     * Returns the virtio-net header for {@link #partial} for a super-frame.
     *
     * @param gsoSize the number of payload bytes in each segment
     * @return the header; with GSO_ECN when the frame is TCP with CWR
     */
    public DriverHeader superHeader(int gsoSize) {
        int type = protocol == UDP
                ? DriverHeader.GSO_UDP_L4
                : (ipv6 ? DriverHeader.GSO_TCPV6 : DriverHeader.GSO_TCPV4)
                        | ((tcpFlags & CWR) != 0 ? DriverHeader.GSO_ECN : 0);
        return DriverHeader.superFrame(type, headerLength(), gsoSize, transportOffset(), checksumOffset());
    }

    private byte[] build() {
        byte[] frame = new byte[headerLength() + payload.length];
        ByteBuffer out = ByteBuffer.wrap(frame);
        out.put(to).put(from);
        if (vlan >= 0) {
            out.putShort((short) 0x8100).putShort((short) vlan);
        }
        out.putShort((short) (ipv6 ? 0x86dd : 0x0800));
        int transportBytes = frame.length - transportOffset();
        if (ipv6) {
            out.putInt(0x6000_0000)
                    .putShort((short) transportBytes)
                    .put((byte) protocol)
                    .put((byte) 64);
            out.put(address6(from)).put(address6(to));
        } else {
            int at = out.position();
            out.put((byte) 0x45).put((byte) 0).putShort((short) (IPV4_BYTES + transportBytes));
            out.putShort((short) identification).putShort((short) 0x4000).put((byte) 64);
            out.put((byte) protocol).putShort((short) 0);
            out.put(new byte[] {10, 0, 0, from[5]}).put(new byte[] {10, 0, 0, to[5]});
            put16(frame, at + 10, fold(sum(frame, at, IPV4_BYTES)) ^ 0xffff);
        }
        out.putShort((short) sourcePort).putShort((short) targetPort);
        if (protocol == TCP) {
            out.putInt(sequence).putInt(0x2000).put((byte) ((TCP_BYTES + tcpOptions) / 4 * 16));
            out.put((byte) tcpFlags).putShort((short) 0xffff).putInt(0);
            for (int i = 0; i < tcpOptions; i++) {
                out.put((byte) 1);
            }
        } else {
            out.putShort((short) transportBytes).putShort((short) 0);
        }
        out.put(payload);
        return frame;
    }

    private long pseudoHeader(byte[] frame) {
        int transport = transportOffset();
        int addresses = ipv6 ? 32 : 8;
        return sum(frame, transport - addresses, addresses) + protocol + (frame.length - transport);
    }

    private static byte[] address6(byte[] mac) {
        byte[] address = new byte[16];
        address[0] = (byte) 0xfd;
        address[15] = mac[5];
        return address;
    }

    /** Returns the unfolded sum of big-endian 16-bit words (RFC 1071). An odd last byte is the high byte of a word. */
    static long sum(byte[] bytes, int from, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            int value = bytes[from + i] & 0xff;
            sum += (i & 1) == 0 ? ((long) value << 8) : value;
        }
        return sum;
    }

    static int fold(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }
}
