// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a back-end on the channel of SET_BACKEND_REQ_FD (vhost-user protocol, "Back-end message types"), in the
 * order of their codes. Names are the specification's without {@code VHOST_USER_BACKEND_}.
 */
public enum BackendRequest {
    /** Reports an IOTLB miss or an access failure. */
    IOTLB_MSG(1, Payload.IOTLB, null),
    /** The config space has changed. */
    CONFIG_CHANGE_MSG(2, Payload.NONE, ProtocolFeature.CONFIG),
    /** Passes a host notifier: the doorbell of a queue, to be mapped into the guest. */
    VRING_HOST_NOTIFIER_MSG(3, Payload.VRING_AREA, ProtocolFeature.HOST_NOTIFIER),
    /** Notifies the driver of used buffers, by a message instead of an eventfd. */
    VRING_CALL(4, Payload.VRING_STATE, ProtocolFeature.INBAND_NOTIFICATIONS),
    /** Reports an error of a ring, by a message instead of an eventfd. */
    VRING_ERR(5, Payload.VRING_STATE, ProtocolFeature.INBAND_NOTIFICATIONS),
    /** Exports an object to other back-ends, by its UUID. */
    SHARED_OBJECT_ADD(6, Payload.SHARED_OBJECT, ProtocolFeature.SHARED_OBJECT),
    /** Withdraws an exported object. */
    SHARED_OBJECT_REMOVE(7, Payload.SHARED_OBJECT, ProtocolFeature.SHARED_OBJECT),
    /** Requests an exported object by its UUID. */
    SHARED_OBJECT_LOOKUP(8, Payload.SHARED_OBJECT, ProtocolFeature.SHARED_OBJECT),
    /** Maps memory into a shared memory region of the device. */
    SHMEM_MAP(9, Payload.SHMEM_MAPPING, ProtocolFeature.SHMEM_MAP),
    /** Removes a mapping that SHMEM_MAP made. */
    SHMEM_UNMAP(10, Payload.SHMEM_MAPPING, ProtocolFeature.SHMEM_MAP);

    private final int code;
    private final Payload payload;
    private final @Nullable ProtocolFeature protocolFeature;

    BackendRequest(int code, Payload payload, @Nullable ProtocolFeature protocolFeature) {
        this.code = code;
        this.payload = payload;
        this.protocolFeature = protocolFeature;
    }

    /**
     * Returns the number in the message's header.
     *
     * @return 1 to 10
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
     * Returns the protocol feature, besides BACKEND_REQ, without which the request must not be sent.
     *
     * @return the feature, or nothing: an IOTLB message depends on a virtio feature instead
     */
    public Optional<ProtocolFeature> protocolFeature() {
        return Optional.ofNullable(protocolFeature);
    }

    /**
     * Returns the request with a code.
     *
     * @param code code in a header
     * @return the request, or nothing for a code that the specification does not define
     */
    public static Optional<BackendRequest> ofCode(int code) {
        return code < 1 || code > values().length ? Optional.empty() : Optional.of(values()[code - 1]);
    }
}
