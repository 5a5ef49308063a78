// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.memory.LittleEndian;

/**
 * Creates the results of the statistics commands of the control queue (virtio 1.4 section 5.1.6.5.10), little-endian.
 * STATS_GET has a queue and a mask of types; its result has a structure for each type: type, queue and size, then le64
 * values.
 */
final class StatisticsReply {
    /** STATS_QUERY: has no data; the result is a le64 mask of the supported types. */
    static final int QUERY = 0;
    /** STATS_GET: has le16 queue, le16 reserved[3], le64 types; repeated any number of times. */
    static final int GET = 1;

    private static final int REQUEST_BYTES = 16;
    private static final int HEADER_BYTES = 8;

    private static final int RX_BASIC = 0;
    private static final int RX_CSUM = 1;
    private static final int RX_GSO = 2;
    private static final int TX_BASIC = 16;
    private static final int TX_CSUM = 17;
    private static final int TX_GSO = 18;
    private static final int CVQ = 32;

    private static final long OF_RECEIVE = 1L << RX_BASIC | 1L << RX_CSUM | 1L << RX_GSO;
    private static final long OF_TRANSMIT = 1L << TX_BASIC | 1L << TX_CSUM | 1L << TX_GSO;
    private static final long OF_CONTROL = 1L << CVQ;

    /** Maximum length of a result in bytes: more than all types of all queues of a device need. */
    private static final int MAX_BYTES = 64 * 1024;

    private StatisticsReply() {}

    /**
     * Returns the types that the negotiated features allow, except the SPEED types: they count packets beyond a speed
     * limit, which this device does not have.
     */
    private static long types(DriverFeatures driver) {
        long types = 1L << RX_BASIC | 1L << TX_BASIC | OF_CONTROL;
        types |= driver.has(Feature.GUEST_CSUM) ? 1L << RX_CSUM : 0;
        types |= driver.has(Feature.CSUM) ? 1L << TX_CSUM : 0;
        boolean receives = driver.has(Feature.GUEST_TSO4) || driver.has(Feature.GUEST_TSO6);
        types |= receives ? 1L << RX_GSO : 0;
        boolean sends = driver.has(Feature.HOST_TSO4) || driver.has(Feature.HOST_TSO6) || driver.has(Feature.HOST_USO);
        types |= sends ? 1L << TX_GSO : 0;
        return types;
    }

    /**
     * Returns the result of STATS_QUERY. It has no type whose feature was not negotiated, because Linux requests all
     * types in it.
     */
    static byte[] supported(DriverFeatures driver) {
        byte[] bytes = new byte[Long.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(types(driver));
        return bytes;
    }

    /**
     * Returns the result of STATS_GET.
     *
     * @param command the whole command
     * @param statistics statistics of each queue, by virtqueue index
     * @param queues the queues of the device
     * @param driver the negotiated features
     * @param room size of the driver's buffer in bytes; the first structure that does not fit, and all after it, are
     *     omitted
     * @return the result; nothing when a queue does not exist or does not have a type, a type's feature was not
     *     negotiated, or the length is wrong
     */
    static Optional<byte[]> get(
            byte[] command, QueueStatistics[] statistics, DeviceQueues queues, DriverFeatures driver, long room) {
        int data = command.length - 2;
        if (data == 0 || data % REQUEST_BYTES != 0) {
            return Optional.empty();
        }
        long negotiated = types(driver);
        ByteBuffer reply = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int fitting = 0;
        for (int at = 2; at < command.length; at += REQUEST_BYTES) {
            int queue = (int) LittleEndian.read(command, at, 2);
            long types = LittleEndian.read(command, at + 8, 8);
            if (queue >= statistics.length
                    || (types & ~(typesOf(queues.kind(queue)) & negotiated)) != 0
                    || reply.remaining() < 256) {
                return Optional.empty();
            }
            for (long left = types; left != 0; left &= left - 1) {
                append(reply, Long.numberOfTrailingZeros(left), queue, statistics[queue]);
                fitting = reply.position() <= room ? reply.position() : fitting;
            }
        }
        byte[] bytes = new byte[fitting];
        reply.get(0, bytes);
        return Optional.of(bytes);
    }

    private static long typesOf(QueueKind kind) {
        return switch (kind) {
            case CONTROL -> OF_CONTROL;
            case RECEIVE -> OF_RECEIVE;
            case TRANSMIT -> OF_TRANSMIT;
        };
    }

    private static void append(ByteBuffer reply, int type, int queue, QueueStatistics of) {
        // The device does not verify checksums, so it counts no bad checksums.
        switch (type) {
            case RX_BASIC, TX_BASIC ->
                values(
                        reply,
                        type,
                        queue,
                        of.notifications,
                        of.packets,
                        of.bytes,
                        of.interrupts,
                        of.drops,
                        of.dropsOfItsKind);
            case RX_CSUM -> values(reply, type, queue, of.checksumValid, of.needsChecksum, of.checksumNone, 0);
            case RX_GSO ->
                values(reply, type, queue, of.superFrames, of.superFrameBytes, of.coalesced, of.coalescedBytes);
            case TX_GSO ->
                values(
                        reply,
                        type,
                        queue,
                        of.superFrames,
                        of.superFrameBytes,
                        of.segments,
                        of.segmentBytes,
                        of.whole,
                        of.wholeBytes);
            case TX_CSUM -> values(reply, type, queue, of.checksumNone, of.needsChecksum);
            default -> values(reply, type, queue, of.packets, of.done);
        }
    }

    private static void values(ByteBuffer reply, int type, int queue, long... values) {
        reply.put((byte) type).put((byte) 0).putShort((short) queue).putShort((short) 0);
        reply.putShort((short) (HEADER_BYTES + Long.BYTES * values.length));
        for (long value : values) {
            reply.putLong(value);
        }
    }
}
