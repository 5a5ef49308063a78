// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.ConfigSpace;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Payload;
import org.vhost4j.vhostuser.wire.ProtocolFeature;
import org.vhost4j.vhostuser.wire.Request;
import org.vhost4j.vhostuser.wire.SingleMemoryRegion;
import org.vhost4j.vhostuser.wire.VringAddress;
import org.vhost4j.vhostuser.wire.VringFile;
import org.vhost4j.vhostuser.wire.VringState;

/**
 * One connection to a back-end, with a method for each vhost-user request that a network device receives; {@link FrontEndConnection}
 * provides raw access. Before REPLY_ACK is negotiated, the result of a request that has no answer is unknown until {@link #barrier}.
 */
public final class FrontEnd extends FrontEndConnection {
    private long features;
    private long protocolFeatures;

    /**
     * Creates a front-end on a connected socket.
     *
     * @param socket the socket, which {@link #close} closes
     */
    public FrontEnd(FrontEndSocket socket) {
        super(socket);
    }

    /**
     * Connects to a back-end, waiting until it listens.
     *
     * @param path the path of the back-end's socket
     * @return the connection
     */
    public static FrontEnd connect(Path path) {
        return new FrontEnd(FrontEndSocket.connect(path, PATIENCE));
    }

    /**
     * Returns the virtio feature bits that the last {@link #setFeatures} sent.
     *
     * @return virtio feature bits
     */
    public long features() {
        return features;
    }

    /**
     * Returns the protocol feature bits that the last {@link #setProtocolFeatures} sent.
     *
     * @return protocol feature bits
     */
    public long protocolFeatures() {
        return protocolFeatures;
    }

    @Override
    boolean acknowledges() {
        return ProtocolFeature.REPLY_ACK.in(protocolFeatures);
    }

    /**
     * Sends GET_FEATURES.
     *
     * @return the virtio feature bits that the back-end offers
     */
    public long getFeatures() {
        return askU64(Request.GET_FEATURES);
    }

    /**
     * Sends SET_FEATURES.
     *
     * @param word the virtio feature bits to acknowledge
     */
    public void setFeatures(long word) {
        tell(Request.SET_FEATURES, u64(word));
        features = word;
    }

    /**
     * Sends SET_FEATURES with a payload of two 64-bit words, which the protocol does not define. A back-end refuses the message or uses the
     * first word.
     *
     * @param word virtio feature bits 0 to 63
     * @param high virtio feature bits 64 to 127
     */
    public void setFeatures(long word, long high) {
        tell(
                Request.SET_FEATURES,
                RawMessage.buffer(2 * Long.BYTES).putLong(word).putLong(high).array());
        features = word;
    }

    /**
     * Sends GET_PROTOCOL_FEATURES.
     *
     * @return the protocol feature bits that the back-end offers
     */
    public long getProtocolFeatures() {
        return askU64(Request.GET_PROTOCOL_FEATURES);
    }

    /**
     * Sends SET_PROTOCOL_FEATURES.
     *
     * @param word the protocol feature bits to acknowledge
     */
    public void setProtocolFeatures(long word) {
        tell(Request.SET_PROTOCOL_FEATURES, u64(word));
        protocolFeatures = word;
    }

    /** Sends SET_OWNER. */
    public void setOwner() {
        tell(Request.SET_OWNER, NOTHING);
    }

    /** Sends RESET_OWNER. */
    public void resetOwner() {
        tell(Request.RESET_OWNER, NOTHING);
    }

    /** Sends RESET_DEVICE. */
    public void resetDevice() {
        tell(Request.RESET_DEVICE, NOTHING);
    }

    /**
     * Sends GET_QUEUE_NUM.
     *
     * @return the number of queues or of queue pairs, depending on the back-end
     */
    public long getQueueNum() {
        return askU64(Request.GET_QUEUE_NUM);
    }

    /**
     * Sends GET_MAX_MEM_SLOTS.
     *
     * @return the largest number of memory regions that the back-end supports
     */
    public long getMaxMemSlots() {
        return askU64(Request.GET_MAX_MEM_SLOTS);
    }

    /**
     * Sends SET_STATUS.
     *
     * @param status the virtio device status bits
     */
    public void setStatus(int status) {
        tell(Request.SET_STATUS, u64(status));
    }

    /**
     * Sends GET_STATUS.
     *
     * @return the virtio device status bits
     */
    public long getStatus() {
        return askU64(Request.GET_STATUS);
    }

    /**
     * Sends NET_SET_MTU.
     *
     * @param mtu the MTU in bytes
     */
    public void netSetMtu(int mtu) {
        tell(Request.NET_SET_MTU, u64(mtu));
    }

    /**
     * Sends SET_MEM_TABLE.
     *
     * @param regions 1 to 8 regions; their descriptors are sent too
     */
    public void setMemTable(List<Ram> regions) {
        byte[] payload =
                bytes(new MemoryRegions(regions.stream().map(FrontEnd::region).toList()).toPayload());
        tell(Request.SET_MEM_TABLE, payload, regions.stream().map(Ram::file).toArray(Fd[]::new));
    }

    /**
     * Sends ADD_MEM_REG.
     *
     * @param region the region; its descriptor is sent too
     */
    public void addMemReg(Ram region) {
        tell(Request.ADD_MEM_REG, bytes(new SingleMemoryRegion(region(region)).toPayload()), region.file());
    }

    /**
     * Sends REM_MEM_REG.
     *
     * @param region the region, as it was added
     */
    public void remMemReg(Ram region) {
        tell(Request.REM_MEM_REG, bytes(new SingleMemoryRegion(region(region)).toPayload()));
    }

    /**
     * Returns the memory region description that vhost-user messages carry.
     *
     * @param region the region
     * @return the description
     */
    public static MemoryRegion region(Ram region) {
        return new MemoryRegion(region.guestAddress(), region.bytes(), region.userAddress(), region.fileOffset());
    }

    /**
     * Sends SET_VRING_NUM.
     *
     * @param queue the queue's index
     * @param entries the size of the queue
     */
    public void setVringNum(int queue, int entries) {
        tell(Request.SET_VRING_NUM, bytes(new VringState(queue, entries).toPayload()));
    }

    /**
     * Sends SET_VRING_BASE.
     *
     * @param queue the queue's index
     * @param base the available index at which the device begins
     */
    public void setVringBase(int queue, int base) {
        tell(Request.SET_VRING_BASE, bytes(new VringState(queue, base).toPayload()));
    }

    /**
     * Sends GET_VRING_BASE, which stops the queue.
     *
     * @param queue the queue's index
     * @return the available index at which the device would continue
     */
    public int getVringBase(int queue) {
        try (RawMessage reply = request(Request.GET_VRING_BASE, bytes(new VringState(queue, 0).toPayload()))) {
            ByteBuffer payload = expect(reply, Request.GET_VRING_BASE, VringState.BYTES);
            int index = payload.getInt();
            if (index != queue) {
                throw new FrontEndException("GET_VRING_BASE of queue " + queue + " was answered for queue " + index);
            }
            return payload.getInt();
        }
    }

    /**
     * Sends SET_VRING_ADDR for a queue in guest memory.
     *
     * @param queue the queue's index
     * @param ring the driver's side of the ring, which has the addresses of its three parts
     * @param ram the region that contains the ring
     * @param logged whether the device is to log its writes to the ring. They are logged under the guest-physical address of the used ring,
     *     or of the descriptors of a packed ring, where a device marks buffers as used; behind an IOMMU under the I/O virtual address, as
     *     QEMU sends it
     */
    public void setVringAddr(int queue, RingDriver ring, Ram ram, boolean logged) {
        // Behind an IOMMU the driver's I/O virtual addresses are sent.
        boolean translated = Feature.ACCESS_PLATFORM.in(features);
        long shift = translated ? 0 : ram.userAddress() - ram.memory().guestBase();
        long used = ring instanceof PackedDriver ? ring.descAddress() : ring.usedAddress();
        long log = translated ? used : used - ram.memory().guestBase() + ram.guestAddress();
        setVringAddr(new VringAddress(
                queue,
                logged ? VringAddress.LOG : 0,
                ring.descAddress() + shift,
                ring.usedAddress() + shift,
                ring.availAddress() + shift,
                logged ? log : 0));
    }

    /**
     * Sends SET_VRING_ADDR with any addresses.
     *
     * @param address the payload, which is not checked
     */
    public void setVringAddr(VringAddress address) {
        tell(Request.SET_VRING_ADDR, bytes(address.toPayload()));
    }

    /**
     * Sends SET_VRING_KICK.
     *
     * @param queue the queue's index
     * @param kick the kick descriptor, or null to have the queue polled
     */
    public void setVringKick(int queue, @Nullable Fd kick) {
        tellFile(Request.SET_VRING_KICK, queue, kick);
    }

    /**
     * Sends SET_VRING_CALL.
     *
     * @param queue the queue's index
     * @param call the call descriptor, or null when the driver polls
     */
    public void setVringCall(int queue, @Nullable Fd call) {
        tellFile(Request.SET_VRING_CALL, queue, call);
    }

    /**
     * Sends SET_VRING_ERR.
     *
     * @param queue the queue's index
     * @param err the error descriptor, or null for none
     */
    public void setVringErr(int queue, @Nullable Fd err) {
        tellFile(Request.SET_VRING_ERR, queue, err);
    }

    private void tellFile(Request request, int queue, @Nullable Fd fd) {
        byte[] payload = u64(new VringFile(queue, fd != null).toU64());
        if (fd == null) {
            tell(request, payload);
        } else {
            tell(request, payload, fd);
        }
    }

    /**
     * Sends SET_VRING_ENABLE.
     *
     * @param queue the queue's index
     * @param enabled whether the queue is to carry frames
     */
    public void setVringEnable(int queue, boolean enabled) {
        tell(Request.SET_VRING_ENABLE, bytes(new VringState(queue, enabled ? 1 : 0).toPayload()));
    }

    /**
     * Sends GET_CONFIG.
     *
     * @param offset the offset of the first byte
     * @param size the number of bytes
     * @return the requested bytes, or an empty array when the back-end refused
     */
    public byte[] getConfig(int offset, int size) {
        byte[] ask = bytes(new ConfigSpace(offset, 0, MemorySegment.ofArray(new byte[size])).toPayload());
        try (RawMessage reply = request(Request.GET_CONFIG, ask)) {
            if (reply.payload().remaining() == 0) {
                return NOTHING;
            }
            ByteBuffer payload = expect(reply, Request.GET_CONFIG, ConfigSpace.HEADER_BYTES + size);
            byte[] config = new byte[size];
            payload.get(ConfigSpace.HEADER_BYTES, config);
            return config;
        }
    }

    /**
     * Sends SET_CONFIG.
     *
     * @param offset the offset of the first byte
     * @param config the bytes to write
     */
    public void setConfig(int offset, byte[] config) {
        tell(
                Request.SET_CONFIG,
                bytes(new ConfigSpace(offset, ConfigSpace.WRITABLE, MemorySegment.ofArray(config)).toPayload()));
    }

    /**
     * Sends GET_SHMEM_CONFIG.
     *
     * @return the size in bytes of each of the device's 256 shared memory regions, 0 for a region that does not exist
     */
    public long[] getShmemConfig() {
        try (RawMessage reply = request(Request.GET_SHMEM_CONFIG, NOTHING)) {
            ByteBuffer payload = expect(reply, Request.GET_SHMEM_CONFIG, Payload.SHMEM_CONFIG.maxBytes());
            payload.getLong();
            long[] sizes = new long[payload.remaining() / Long.BYTES];
            payload.asLongBuffer().get(sizes);
            return sizes;
        }
    }

    /**
     * Sends SEND_RARP.
     *
     * @param mac the guest's MAC address, 6 bytes
     */
    public void sendRarp(byte[] mac) {
        tell(Request.SEND_RARP, Arrays.copyOf(mac, Long.BYTES));
    }

    /**
     * Sends SET_BACKEND_REQ_FD with a new socket.
     *
     * @return the front-end's end, which receives the back-end's requests; the caller closes it
     */
    public FrontEndSocket openBackendChannel() {
        List<FrontEndSocket> pair = FrontEndSocket.pair();
        try (FrontEndSocket theirs = pair.get(1)) {
            tell(Request.SET_BACKEND_REQ_FD, NOTHING, theirs.fd());
        } catch (RuntimeException e) {
            pair.get(0).close();
            throw e;
        }
        SocketWatcher watcher = socket().watcher();
        pair.get(0).watch(watcher == null ? null : watcher.channel());
        return pair.get(0);
    }

    /** Waits until the back-end has handled all requests sent so far, by sending GET_FEATURES. */
    public void barrier() {
        getFeatures();
    }

    /**
     * Encodes a number as a payload.
     *
     * @param value the 64-bit number
     * @return 8 bytes in the machine's byte order
     */
    public static byte[] u64(long value) {
        return RawMessage.buffer(8).putLong(value).array();
    }

    /**
     * Copies a payload into an array.
     *
     * @param payload a payload encoded by a record of the wire package
     * @return the bytes of the payload
     */
    public static byte[] bytes(MemorySegment payload) {
        return payload.toArray(ValueLayout.JAVA_BYTE);
    }
}
