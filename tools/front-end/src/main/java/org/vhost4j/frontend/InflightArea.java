// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.vhostuser.wire.Request;

/**
 * The memory in which a back-end records the descriptors in flight (vhost-user protocol, "Inflight I/O tracking"). The back-end creates it;
 * the front-end keeps it and passes it to the back-end that starts after a crash.
 */
public final class InflightArea implements AutoCloseable {
    private static final int DESCRIPTION_BYTES = 24;
    private static final int LEAST_DESCRIPTION_BYTES = 20;
    /** Alignment to which back-ends round the size of a queue's region up. */
    private static final long ALIGNMENT = 64;

    private final Fd file;
    private final MappedFile mapping;
    private final long offset;
    private final int queues;
    private final int queueSize;

    private InflightArea(Fd file, long bytes, long offset, int queues, int queueSize) {
        this.file = file;
        this.offset = offset;
        this.queues = queues;
        this.queueSize = queueSize;
        this.mapping = MappedFile.map(file, offset, bytes, "the in-flight area");
    }

    /**
     * Sends GET_INFLIGHT_FD.
     *
     * @param frontEnd a connection on which INFLIGHT_SHMFD was acknowledged
     * @param queues the number of queues, 1 to 65535
     * @param queueSize the number of entries of each queue, 1 to 32768
     * @return the area, still empty
     * @throws FrontEndException when the answer contains no area
     */
    public static InflightArea get(FrontEnd frontEnd, int queues, int queueSize) {
        byte[] ask = description(0, 0, queues, queueSize);
        try (RawMessage reply = frontEnd.request(Request.GET_INFLIGHT_FD, ask)) {
            ByteBuffer payload = reply.payload();
            if (payload.remaining() < LEAST_DESCRIPTION_BYTES
                    || payload.remaining() > DESCRIPTION_BYTES
                    || reply.descriptors().size() != 1) {
                throw new FrontEndException("GET_INFLIGHT_FD was answered with " + payload.remaining() + " bytes and "
                        + reply.descriptors().size() + " descriptors");
            }
            long bytes = payload.getLong();
            long offset = payload.getLong();
            int theirQueues = payload.getShort() & 0xffff;
            int theirSize = payload.getShort() & 0xffff;
            if (theirQueues != queues || theirSize != queueSize) {
                throw new FrontEndException("GET_INFLIGHT_FD of %d queues of %d was answered for %d queues of %d"
                        .formatted(queues, queueSize, theirQueues, theirSize));
            }
            Fd kept = reply.descriptors().getFirst().duplicate();
            try {
                return new InflightArea(kept, bytes, offset, queues, queueSize);
            } catch (RuntimeException e) {
                kept.close();
                throw e;
            }
        }
    }

    private static byte[] description(long bytes, long offset, int queues, int queueSize) {
        return RawMessage.buffer(DESCRIPTION_BYTES)
                .putLong(bytes)
                .putLong(offset)
                .putShort((short) queues)
                .putShort((short) queueSize)
                .array();
    }

    /**
     * Sends SET_INFLIGHT_FD.
     *
     * @param frontEnd the connection to the back-end that is to use this area
     */
    public void set(FrontEnd frontEnd) {
        frontEnd.tell(
                Request.SET_INFLIGHT_FD, description(mapping.segment().byteSize(), offset, queues, queueSize), file);
    }

    /**
     * Returns the current contents of the area, as a back-end that crashes now would leave them.
     *
     * @return a copy of all bytes of the area
     */
    public byte[] contents() {
        return mapping.segment().toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * Replaces the contents of the area, to simulate a crash. No ring may run.
     *
     * @param bytes the new contents, as many bytes as the area has
     */
    public void contents(byte[] bytes) {
        MemorySegment.copy(bytes, 0, mapping.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    }

    /**
     * Returns the size of the area.
     *
     * @return the size in bytes
     */
    public long bytes() {
        return mapping.segment().byteSize();
    }

    /**
     * Returns the number of queues for which the area has regions.
     *
     * @return the number that was requested
     */
    public int queues() {
        return queues;
    }

    /**
     * Returns the region of a queue with a split ring.
     *
     * @param queue the index of the queue, from 0
     * @return a view of the region
     */
    public InflightSplit split(int queue) {
        return new InflightSplit(region(queue, InflightSplit.bytes(queueSize)), queueSize);
    }

    /**
     * Returns the region of a queue with a packed ring.
     *
     * @param queue the index of the queue, from 0
     * @return a view of the region
     */
    public InflightPacked packed(int queue) {
        return new InflightPacked(region(queue, InflightPacked.bytes(queueSize)), queueSize);
    }

    /**
     * Returns the region of a queue. Regions are consecutive; the protocol does not define their alignment, so it is
     * derived from the area's size.
     */
    private MemorySegment region(int queue, long least) {
        long each = mapping.segment().byteSize() % queues == 0
                ? mapping.segment().byteSize() / queues
                : (least + ALIGNMENT - 1) & -ALIGNMENT;
        if (each < least || queue >= queues) {
            throw new FrontEndException("the in-flight area of " + bytes() + " bytes has no region of " + least
                    + " bytes for queue " + queue + " of " + queues);
        }
        return mapping.segment().asSlice(each * queue, least);
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
