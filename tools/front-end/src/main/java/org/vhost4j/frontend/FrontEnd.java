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
 * One connection to a back-end: a method for each request of the vhost-user protocol that a network device receives, and raw
 * access below them. Before REPLY_ACK is negotiated nothing is known of a request that has no answer until {@link #barrier}.
 */
public final class FrontEnd extends FrontEndConnection {
    private long features;
    private long protocolFeatures;

    /**
     * Uses a connected socket.
     *
     * @param socket closed by {@link #close}
     */
    public FrontEnd(FrontEndSocket socket) {
        super(socket);
    }

    /**
     * Connects to a back-end that listens, waiting until it does.
     *
     * @param path the back-end's socket
     * @return the connection
     */
    public static FrontEnd connect(Path path) {
        return new FrontEnd(FrontEndSocket.connect(path, PATIENCE));
    }

    /**
     * What {@link #setFeatures} sent last.
     *
     * @return virtio feature bits
     */
    public long features() {
        return features;
    }

    /**
     * What {@link #setProtocolFeatures} sent last.
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
     * GET_FEATURES.
     *
     * @return virtio feature bits
     */
    public long getFeatures() {
        return askU64(Request.GET_FEATURES);
    }

    /**
     * SET_FEATURES.
     *
     * @param word virtio feature bits
     */
    public void setFeatures(long word) {
        tell(Request.SET_FEATURES, u64(word));
        features = word;
    }

    /**
     * SET_FEATURES with two words, which the protocol does not have: a back-end refuses it, or uses the first.
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
     * GET_PROTOCOL_FEATURES.
     *
     * @return protocol feature bits
     */
    public long getProtocolFeatures() {
        return askU64(Request.GET_PROTOCOL_FEATURES);
    }

    /**
     * SET_PROTOCOL_FEATURES.
     *
     * @param word protocol feature bits
     */
    public void setProtocolFeatures(long word) {
        tell(Request.SET_PROTOCOL_FEATURES, u64(word));
        protocolFeatures = word;
    }

    /** SET_OWNER. */
    public void setOwner() {
        tell(Request.SET_OWNER, NOTHING);
    }

    /** RESET_OWNER. */
    public void resetOwner() {
        tell(Request.RESET_OWNER, NOTHING);
    }

    /** RESET_DEVICE. */
    public void resetDevice() {
        tell(Request.RESET_DEVICE, NOTHING);
    }

    /**
     * GET_QUEUE_NUM.
     *
     * @return queues or queue pairs, as the back-end counts
     */
    public long getQueueNum() {
        return askU64(Request.GET_QUEUE_NUM);
    }

    /**
     * GET_MAX_MEM_SLOTS.
     *
     * @return how many memory regions the back-end takes
     */
    public long getMaxMemSlots() {
        return askU64(Request.GET_MAX_MEM_SLOTS);
    }

    /**
     * SET_STATUS.
     *
     * @param status virtio device status bits
     */
    public void setStatus(int status) {
        tell(Request.SET_STATUS, u64(status));
    }

    /**
     * GET_STATUS.
     *
     * @return virtio device status bits
     */
    public long getStatus() {
        return askU64(Request.GET_STATUS);
    }

    /**
     * NET_SET_MTU.
     *
     * @param mtu bytes
     */
    public void netSetMtu(int mtu) {
        tell(Request.NET_SET_MTU, u64(mtu));
    }

    /**
     * SET_MEM_TABLE.
     *
     * @param regions 1 to 8; their descriptors are sent
     */
    public void setMemTable(List<Ram> regions) {
        byte[] payload =
                bytes(new MemoryRegions(regions.stream().map(FrontEnd::region).toList()).toPayload());
        tell(Request.SET_MEM_TABLE, payload, regions.stream().map(Ram::file).toArray(Fd[]::new));
    }

    /**
     * ADD_MEM_REG.
     *
     * @param region its descriptor is sent
     */
    public void addMemReg(Ram region) {
        tell(Request.ADD_MEM_REG, bytes(new SingleMemoryRegion(region(region)).toPayload()), region.file());
    }

    /**
     * REM_MEM_REG.
     *
     * @param region as it was added
     */
    public void remMemReg(Ram region) {
        tell(Request.REM_MEM_REG, bytes(new SingleMemoryRegion(region(region)).toPayload()));
    }

    /**
     * A region as messages describe it.
     *
     * @param region the region
     * @return its description
     */
    public static MemoryRegion region(Ram region) {
        return new MemoryRegion(region.guestAddress(), region.bytes(), region.userAddress(), region.fileOffset());
    }

    /**
     * SET_VRING_NUM.
     *
     * @param queue the queue's index
     * @param entries its size
     */
    public void setVringNum(int queue, int entries) {
        tell(Request.SET_VRING_NUM, bytes(new VringState(queue, entries).toPayload()));
    }

    /**
     * SET_VRING_BASE.
     *
     * @param queue the queue's index
     * @param base the available index to begin with
     */
    public void setVringBase(int queue, int base) {
        tell(Request.SET_VRING_BASE, bytes(new VringState(queue, base).toPayload()));
    }

    /**
     * GET_VRING_BASE: stops the queue.
     *
     * @param queue the queue's index
     * @return the available index that it would continue with
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
     * SET_VRING_ADDR.
     *
     * @param queue the queue's index
     * @param ring where the three parts are
     * @param ram the region they are in
     * @param logged whether to log what the device writes to the ring, under the guest-physical address of the used
     *     ring, or of the descriptors, where a device uses buffers of a packed ring; behind an IOMMU under the driver's own address of it,
     *     as QEMU sends it
     */
    public void setVringAddr(int queue, RingDriver ring, Ram ram, boolean logged) {
        // Behind an IOMMU the driver's own addresses are sent.
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
     * SET_VRING_ADDR.
     *
     * @param address anything
     */
    public void setVringAddr(VringAddress address) {
        tell(Request.SET_VRING_ADDR, bytes(address.toPayload()));
    }

    /**
     * SET_VRING_KICK.
     *
     * @param queue the queue's index
     * @param kick the descriptor, or null to have the queue polled
     */
    public void setVringKick(int queue, @Nullable Fd kick) {
        tellFile(Request.SET_VRING_KICK, queue, kick);
    }

    /**
     * SET_VRING_CALL.
     *
     * @param queue the queue's index
     * @param call the descriptor, or null when the driver polls
     */
    public void setVringCall(int queue, @Nullable Fd call) {
        tellFile(Request.SET_VRING_CALL, queue, call);
    }

    /**
     * SET_VRING_ERR.
     *
     * @param queue the queue's index
     * @param err the descriptor, or null for none
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
     * SET_VRING_ENABLE.
     *
     * @param queue the queue's index
     * @param enabled whether it carries frames
     */
    public void setVringEnable(int queue, boolean enabled) {
        tell(Request.SET_VRING_ENABLE, bytes(new VringState(queue, enabled ? 1 : 0).toPayload()));
    }

    /**
     * GET_CONFIG.
     *
     * @param offset of the first byte
     * @param size the number
     * @return that number of bytes, or none when the back-end refused
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
     * SET_CONFIG.
     *
     * @param offset of the first byte
     * @param config what to write
     */
    public void setConfig(int offset, byte[] config) {
        tell(
                Request.SET_CONFIG,
                bytes(new ConfigSpace(offset, ConfigSpace.WRITABLE, MemorySegment.ofArray(config)).toPayload()));
    }

    /**
     * GET_SHMEM_CONFIG.
     *
     * @return for each of the device's 256 shared memory regions its size in bytes, 0 when there is none
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
     * SEND_RARP.
     *
     * @param mac the guest's address, 6 bytes
     */
    public void sendRarp(byte[] mac) {
        tell(Request.SEND_RARP, Arrays.copyOf(mac, Long.BYTES));
    }

    /**
     * SET_BACKEND_REQ_FD with a new socket.
     *
     * @return our end, on which the back-end's requests arrive; the caller closes it
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

    /** Waits until the back-end has worked off everything that was sent (by GET_FEATURES). */
    public void barrier() {
        getFeatures();
    }

    /**
     * A number as a payload.
     *
     * @param value 64 bits
     * @return 8 bytes in the machine's byte order
     */
    public static byte[] u64(long value) {
        return RawMessage.buffer(8).putLong(value).array();
    }

    /**
     * A payload as bytes.
     *
     * @param payload as the records of the wire package make it
     * @return its bytes
     */
    public static byte[] bytes(MemorySegment payload) {
        return payload.toArray(ValueLayout.JAVA_BYTE);
    }
}
