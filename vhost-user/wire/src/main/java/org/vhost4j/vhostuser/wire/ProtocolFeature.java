// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.wire;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The protocol feature bits (vhost-user protocol, "Protocol features"), which are exchanged in GET_PROTOCOL_FEATURES and
 * SET_PROTOCOL_FEATURES. Names are the specification's without {@code VHOST_USER_PROTOCOL_F_}.
 */
public enum ProtocolFeature {
    /** GET_QUEUE_NUM: the back-end determines the number of queues. */
    MQ(0),
    /** The dirty page log is shared memory, whose descriptor comes with SET_LOG_BASE. */
    LOG_SHMFD(1),
    /** SEND_RARP: the back-end announces a migrated guest. */
    RARP(2),
    /** The need_reply flag: any request can be acknowledged. */
    REPLY_ACK(3),
    /** NET_SET_MTU: the front-end sets the MTU. */
    MTU(4),
    /** SET_BACKEND_REQ_FD: a channel for requests of the back-end. */
    BACKEND_REQ(5),
    /** SET_VRING_ENDIAN: the front-end sets the byte order of a legacy guest. */
    CROSS_ENDIAN(6),
    /** CREATE_CRYPTO_SESSION and CLOSE_CRYPTO_SESSION: sessions of a crypto device. */
    CRYPTO_SESSION(7),
    /** Postcopy migration by userfaultfd. */
    PAGEFAULT(8),
    /** GET_CONFIG and SET_CONFIG: the back-end implements the config space. */
    CONFIG(9),
    /** The back-end may send descriptors on its channel. */
    BACKEND_SEND_FD(10, BACKEND_REQ),
    /** The back-end may map its own doorbell into the guest. */
    HOST_NOTIFIER(11, BACKEND_REQ),
    /** GET_INFLIGHT_FD and SET_INFLIGHT_FD: chains in flight are recorded in shared memory. */
    INFLIGHT_SHMFD(12),
    /** RESET_DEVICE: the front-end resets the device. */
    RESET_DEVICE(13),
    /** VRING_KICK, VRING_CALL and VRING_ERR: notifications by messages instead of eventfds. */
    INBAND_NOTIFICATIONS(14, BACKEND_REQ, REPLY_ACK),
    /** ADD_MEM_REG and REM_MEM_REG: regions are added and removed one at a time. */
    CONFIGURE_MEM_SLOTS(15),
    /** SET_STATUS and GET_STATUS. */
    STATUS(16),
    /** Memory regions have additional fields for Xen. */
    XEN_MMAP(17),
    /** The back-end exports objects to other back-ends. */
    SHARED_OBJECT(18),
    /** SET_DEVICE_STATE_FD and CHECK_DEVICE_STATE: the back-end's internal state is migrated. */
    DEVICE_STATE(19),
    /** GET_VRING_BASE may leave chains in flight. */
    GET_VRING_BASE_INFLIGHT(20, INFLIGHT_SHMFD),
    /** Ring addresses are guest-physical addresses. */
    GPA_ADDRESSES(21),
    /** The back-end maps memory into shared memory regions of the device. */
    SHMEM_MAP(22);

    private final int bit;
    /** The required features as a mask. All of them have lower bit numbers, so their constants exist already. */
    private final long requires;

    ProtocolFeature(int bit, ProtocolFeature... requires) {
        this.bit = bit;
        this.requires = word(List.of(requires));
    }

    /**
     * Returns the bit's number.
     *
     * @return 0 to 22
     */
    public int bit() {
        return bit;
    }

    /**
     * Returns this feature as a 64-bit mask.
     *
     * @return a mask with one bit set
     */
    public long mask() {
        return 1L << bit;
    }

    /**
     * Returns whether a set of features contains this one.
     *
     * @param word protocol features, as a 64-bit mask
     * @return true when the bit is set
     */
    public boolean in(long word) {
        return (word & mask()) != 0;
    }

    /**
     * Returns the features that must be offered together with this feature.
     *
     * @return the features, all of which are needed
     */
    public Set<ProtocolFeature> requires() {
        return of(requires);
    }

    /**
     * Returns the feature with a bit number.
     *
     * @param bit 0 to 63
     * @return the feature, or nothing when the specification does not define the bit
     */
    public static Optional<ProtocolFeature> ofBit(int bit) {
        // The bit numbers have no gap, so a constant's bit number is its ordinal.
        return bit < 0 || bit >= values().length ? Optional.empty() : Optional.of(values()[bit]);
    }

    /**
     * Returns a set of features as a 64-bit mask.
     *
     * @param features members of the set
     * @return the mask
     */
    public static long word(Collection<ProtocolFeature> features) {
        long word = 0;
        for (ProtocolFeature feature : features) {
            word |= feature.mask();
        }
        return word;
    }

    /**
     * Returns the features in a 64-bit mask, without bits that the specification does not define.
     *
     * @param word protocol features, as a 64-bit mask
     * @return the features
     */
    public static Set<ProtocolFeature> of(long word) {
        EnumSet<ProtocolFeature> features = EnumSet.noneOf(ProtocolFeature.class);
        for (ProtocolFeature feature : values()) {
            if (feature.in(word)) {
                features.add(feature);
            }
        }
        return features;
    }

    /**
     * Returns the names of the features in a 64-bit mask, in the order of their bits; a bit that the specification does
     * not define is named {@code BIT_n}.
     *
     * @param word protocol features, as a 64-bit mask
     * @return the names
     */
    public static List<String> names(long word) {
        List<String> names = new ArrayList<>();
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((word >>> bit & 1) != 0) {
                names.add(ofBit(bit).map(ProtocolFeature::name).orElse("BIT_" + bit));
            }
        }
        return names;
    }
}
