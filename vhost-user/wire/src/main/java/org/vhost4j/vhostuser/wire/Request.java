// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;

/**
 * The requests of a front-end (vhost-user protocol, "Front-end message types"), in the order of their codes. Names are the
 * specification's without {@code VHOST_USER_}.
 */
public enum Request {
    /** Requests the virtio features that the back-end offers. */
    GET_FEATURES(1, Payload.NONE, Payload.U64),
    /** Acknowledges virtio features. */
    SET_FEATURES(2, Payload.U64),
    /** Sets the front-end as the owner of the session. */
    SET_OWNER(3, Payload.NONE),
    /** Deprecated: disables all rings. */
    RESET_OWNER(4, Payload.NONE),
    /** Replaces the memory table; the message has one descriptor for each region. */
    SET_MEM_TABLE(5, Payload.MEMORY_REGIONS, 1, MemoryRegions.MAX_REGIONS),
    /** Sets the dirty page log. */
    SET_LOG_BASE(6, Payload.LOG, Payload.U64, 0, 1, ProtocolFeature.LOG_SHMFD, Feature.LOG_ALL),
    /** Sets the eventfd that the back-end signals after it has written to the log. */
    SET_LOG_FD(7, Payload.NONE, null, 1, 1, null, Feature.LOG_ALL),
    /** Sets the size of a ring. */
    SET_VRING_NUM(8, Payload.VRING_STATE),
    /** Sets the addresses of a ring. */
    SET_VRING_ADDR(9, Payload.VRING_ADDRESS),
    /** Sets the base of a ring: the position at which the ring begins. */
    SET_VRING_BASE(10, Payload.VRING_STATE),
    /** Stops a ring and requests its base. */
    GET_VRING_BASE(11, Payload.VRING_STATE, Payload.VRING_STATE),
    /** Sets the eventfd by which the driver notifies the device, and starts the ring. */
    SET_VRING_KICK(12, Payload.U64, 0, 1),
    /** Sets the eventfd by which the device interrupts the driver. */
    SET_VRING_CALL(13, Payload.U64, 0, 1),
    /** Sets the eventfd by which the back-end reports an error of the ring. */
    SET_VRING_ERR(14, Payload.U64, 0, 1),
    /** Requests the protocol features that the back-end offers. */
    GET_PROTOCOL_FEATURES(15, Payload.NONE, Payload.U64),
    /** Acknowledges protocol features. */
    SET_PROTOCOL_FEATURES(16, Payload.U64),
    /** Requests the maximum number of queues that the back-end supports. */
    GET_QUEUE_NUM(17, Payload.NONE, Payload.U64, ProtocolFeature.MQ),
    /** Enables or disables a ring. */
    SET_VRING_ENABLE(18, Payload.VRING_STATE),
    /** Requests that the back-end announce the guest's MAC address. */
    SEND_RARP(19, Payload.U64, null, ProtocolFeature.RARP),
    /** Sets the MTU of the guest. */
    NET_SET_MTU(20, Payload.U64, null, ProtocolFeature.MTU),
    /** Passes a socket for the back-end's own requests. */
    SET_BACKEND_REQ_FD(21, Payload.NONE, null, 1, 1, ProtocolFeature.BACKEND_REQ, null),
    /** Updates or invalidates a translation of the IOMMU. */
    IOTLB_MSG(22, Payload.IOTLB, Payload.U64, 0, 0, null, Feature.ACCESS_PLATFORM),
    /** Sets the byte order of a legacy ring. */
    SET_VRING_ENDIAN(23, Payload.VRING_STATE, null, ProtocolFeature.CROSS_ENDIAN),
    /** Reads the device's config space. */
    GET_CONFIG(24, Payload.CONFIG_SPACE, Payload.CONFIG_SPACE, ProtocolFeature.CONFIG),
    /** Writes the device's config space. */
    SET_CONFIG(25, Payload.CONFIG_SPACE, null, ProtocolFeature.CONFIG),
    /** Creates a crypto session. */
    CREATE_CRYPTO_SESSION(26, Payload.CRYPTO_SESSION, Payload.CRYPTO_SESSION, ProtocolFeature.CRYPTO_SESSION),
    /** Closes a crypto session. */
    CLOSE_CRYPTO_SESSION(27, Payload.U64, null, ProtocolFeature.CRYPTO_SESSION),
    /** Announces a postcopy migration; a userfaultfd comes with the reply. */
    POSTCOPY_ADVISE(28, Payload.NONE, Payload.NONE, ProtocolFeature.PAGEFAULT),
    /** Announces that postcopy migration begins: memory must be registered with userfaultfd. */
    POSTCOPY_LISTEN(29, Payload.NONE, null, ProtocolFeature.PAGEFAULT),
    /** Announces that postcopy migration has ended. */
    POSTCOPY_END(30, Payload.NONE, Payload.U64, ProtocolFeature.PAGEFAULT),
    /** Requests an in-flight area: shared memory that records the chains in flight. */
    GET_INFLIGHT_FD(31, Payload.INFLIGHT, Payload.INFLIGHT, ProtocolFeature.INFLIGHT_SHMFD),
    /** Passes an in-flight area, for example to a restarted back-end. */
    SET_INFLIGHT_FD(32, Payload.INFLIGHT, null, 1, 1, ProtocolFeature.INFLIGHT_SHMFD, null),
    /** Sets the socket of the GPU protocol; not used by network devices. */
    GPU_SET_SOCKET(33, Payload.NONE, 1, 1),
    /** Disables all rings and resets the device. */
    RESET_DEVICE(34, Payload.NONE, null, ProtocolFeature.RESET_DEVICE),
    /** Notifies the device of available buffers in a ring, by a message instead of an eventfd. */
    VRING_KICK(35, Payload.VRING_STATE, null, ProtocolFeature.INBAND_NOTIFICATIONS),
    /** Requests the maximum number of memory regions. */
    GET_MAX_MEM_SLOTS(36, Payload.NONE, Payload.U64, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    /** Adds a memory region. */
    ADD_MEM_REG(37, Payload.SINGLE_MEMORY_REGION, null, 1, 1, ProtocolFeature.CONFIGURE_MEM_SLOTS, null),
    /** Removes a memory region. A descriptor is tolerated and closed. */
    REM_MEM_REG(38, Payload.SINGLE_MEMORY_REGION, null, 0, 1, ProtocolFeature.CONFIGURE_MEM_SLOTS, null),
    /** Sets the virtio device status. */
    SET_STATUS(39, Payload.U64, null, ProtocolFeature.STATUS),
    /** Requests the virtio device status. */
    GET_STATUS(40, Payload.NONE, Payload.U64, ProtocolFeature.STATUS),
    /** Requests an object that the back-end has exported. */
    GET_SHARED_OBJECT(41, Payload.SHARED_OBJECT, Payload.NONE, ProtocolFeature.SHARED_OBJECT),
    /** Passes a pipe for the transfer of the device's state. */
    SET_DEVICE_STATE_FD(42, Payload.DEVICE_STATE, Payload.U64, 1, 1, ProtocolFeature.DEVICE_STATE, null),
    /** Requests the result of the transfer of the device's state. */
    CHECK_DEVICE_STATE(43, Payload.NONE, Payload.U64, ProtocolFeature.DEVICE_STATE),
    /** Requests the sizes of the shared memory regions. */
    GET_SHMEM_CONFIG(44, Payload.NONE, Payload.SHMEM_CONFIG, ProtocolFeature.SHMEM_MAP);

    private final int code;
    private final Payload payload;
    private final @Nullable Payload reply;
    private final int minDescriptors;
    private final int maxDescriptors;
    private final @Nullable ProtocolFeature protocolFeature;
    private final @Nullable Feature feature;

    Request(int code, Payload payload) {
        this(code, payload, null, 0, 0, null, null);
    }

    Request(int code, Payload payload, Payload reply) {
        this(code, payload, reply, 0, 0, null, null);
    }

    Request(int code, Payload payload, int minDescriptors, int maxDescriptors) {
        this(code, payload, null, minDescriptors, maxDescriptors, null, null);
    }

    Request(int code, Payload payload, @Nullable Payload reply, ProtocolFeature protocolFeature) {
        this(code, payload, reply, 0, 0, protocolFeature, null);
    }

    Request(
            int code,
            Payload payload,
            @Nullable Payload reply,
            int minDescriptors,
            int maxDescriptors,
            @Nullable ProtocolFeature protocolFeature,
            @Nullable Feature feature) {
        this.code = code;
        this.payload = payload;
        this.reply = reply;
        this.minDescriptors = minDescriptors;
        this.maxDescriptors = maxDescriptors;
        this.protocolFeature = protocolFeature;
        this.feature = feature;
    }

    /**
     * Returns the number in the message's header.
     *
     * @return 1 to 44
     */
    public int code() {
        return code;
    }

    /**
     * Returns the kind of the request's payload.
     *
     * @return the kind of payload
     */
    public Payload payload() {
        return payload;
    }

    /**
     * Returns the payload of the reply that is sent whether or not the sender set need_reply.
     *
     * @return the kind of the reply's payload; nothing for a request whose only reply is the acknowledgement that
     *     need_reply requests
     */
    public Optional<Payload> reply() {
        return Optional.ofNullable(reply);
    }

    /**
     * Returns the minimum number of descriptors of the request.
     *
     * @return 0 or 1
     */
    public int minDescriptors() {
        return minDescriptors;
    }

    /**
     * Returns the maximum number of descriptors of the request.
     *
     * @return 0, 1 or 8
     */
    public int maxDescriptors() {
        return maxDescriptors;
    }

    /**
     * Returns the protocol feature without which the request must not be sent.
     *
     * @return the feature, or nothing
     */
    public Optional<ProtocolFeature> protocolFeature() {
        return Optional.ofNullable(protocolFeature);
    }

    /**
     * Returns the virtio feature without which the request must not be sent.
     *
     * @return the feature, or nothing
     */
    public Optional<Feature> feature() {
        return Optional.ofNullable(feature);
    }

    /**
     * Returns the request with a code.
     *
     * @param code code in a header
     * @return the request, or nothing for a code that the specification does not define
     */
    public static Optional<Request> ofCode(int code) {
        // The codes have no gap from 1 on, so a constant's code is its ordinal plus 1.
        return code < 1 || code > values().length ? Optional.empty() : Optional.of(values()[code - 1]);
    }
}
