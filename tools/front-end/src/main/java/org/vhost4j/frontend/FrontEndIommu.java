// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import org.vhost4j.vhostuser.wire.BackendRequest;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.Request;

/**
 * An IOMMU with pages of 4 KiB for one region of guest memory (vhost-user protocol, "IOMMU support"). The caller receives the IOTLB misses
 * that the back-end sends on its channel, and answers each by mapping a page.
 */
public final class FrontEndIommu implements AutoCloseable {
    /** The size of a page in bytes. */
    public static final int PAGE = 4096;

    private final FrontEnd frontEnd;
    private final Ram ram;
    private final FrontEndSocket channel;

    /**
     * Creates an IOMMU for a driver that acknowledged ACCESS_PLATFORM, before its queues start.
     *
     * @param driver a driver that has negotiated and is not started
     */
    public FrontEndIommu(NetDriver driver) {
        this.frontEnd = driver.frontEnd();
        this.ram = driver.ram();
        this.channel = frontEnd.openBackendChannel();
    }

    /**
     * Receives an IOTLB miss from the back-end.
     *
     * @param patience the longest time to wait
     * @return the miss with the address that has no translation, or nothing when none arrived in time
     */
    public Optional<IotlbMessage> miss(Duration patience) {
        try (RawMessage message = channel.receive(patience)) {
            if (message.request() != BackendRequest.IOTLB_MSG.code()) {
                throw new FrontEndException("the back-end sent request " + message.request() + " instead of IOTLB_MSG");
            }
            IotlbMessage asked = IotlbMessage.read(MemorySegment.ofArray(bytes(message)));
            if (asked.type() != IotlbMessage.MISS) {
                throw new FrontEndException("the back-end sent an IOTLB message of type " + asked.type());
            }
            return Optional.of(asked);
        } catch (FrontEndException.TimedOut e) {
            return Optional.empty();
        }
    }

    /**
     * Maps the page of an address to its own location in guest memory.
     *
     * @param address an I/O virtual address
     * @param permission {@link IotlbMessage#READ}, {@link IotlbMessage#WRITE} or both
     * @return the back-end's answer, 0 for success
     */
    public long map(long address, int permission) {
        return map(address, address, permission);
    }

    /**
     * Maps the page of an address to another page of guest memory.
     *
     * @param address an I/O virtual address
     * @param target the driver's address of any byte of the target page
     * @param permission {@link IotlbMessage#READ}, {@link IotlbMessage#WRITE} or both
     * @return the back-end's answer, 0 for success
     */
    public long map(long address, long target, int permission) {
        long page = address & -PAGE;
        return tell(new IotlbMessage(page, PAGE, ram.toUser(target & -PAGE), permission, IotlbMessage.UPDATE));
    }

    /**
     * Invalidates the translations of a range.
     *
     * @param address the first I/O virtual address
     * @param bytes the size of the range in bytes
     * @return the back-end's answer, 0 when it no longer uses the translations
     */
    public long invalidate(long address, long bytes) {
        return tell(new IotlbMessage(address, bytes, 0, 0, IotlbMessage.INVALIDATE));
    }

    /**
     * Sends any IOTLB message.
     *
     * @param message the message, which is not checked
     * @return the back-end's answer
     */
    public long tell(IotlbMessage message) {
        byte[] payload = message.toPayload().toArray(ValueLayout.JAVA_BYTE);
        try (RawMessage reply = frontEnd.request(Request.IOTLB_MSG, payload)) {
            return ByteBuffer.wrap(bytes(reply)).order(ByteOrder.LITTLE_ENDIAN).getLong();
        }
    }

    private static byte[] bytes(RawMessage message) {
        byte[] bytes = new byte[message.payload().remaining()];
        message.payload().get(bytes);
        return bytes;
    }

    @Override
    public void close() {
        channel.close();
    }
}
