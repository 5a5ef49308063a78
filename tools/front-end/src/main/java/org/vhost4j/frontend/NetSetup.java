// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.List;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * What a {@link NetDriver} wants of a back-end. What the back-end does not offer is not acknowledged.
 *
 * @param features virtio feature bits to acknowledge when they are offered; PROTOCOL_FEATURES is acknowledged whenever it
 *     is offered and any protocol feature is wanted
 * @param protocolFeatures protocol feature bits to acknowledge when they are offered
 * @param pairs queue pairs to run
 * @param queueSize entries of each data queue
 * @param receiveFrameBytes room for a frame in each receive buffer, after the header
 * @param receiveBuffers how many buffers to post in each receive queue, as far as there is room
 * @param receiveShape how a receive buffer is laid out
 * @param ram the guest memory that rings and buffers are in
 */
public record NetSetup(
        long features,
        long protocolFeatures,
        int pairs,
        int queueSize,
        int receiveFrameBytes,
        int receiveBuffers,
        ChainShape receiveShape,
        RamSetup ram) {
    /** Room for every frame that a receive offload can make (section 5.1.6.3.1), without the header. */
    public static final int ANY_FRAME_BYTES = 65589;
    /** Room for a frame of 1500 bytes of payload, Ethernet header and VLAN tag. */
    public static final int PLAIN_FRAME_BYTES = 1518;

    private static final long OFFLOADS = FeatureSet.of(
                    Feature.CSUM,
                    Feature.GUEST_CSUM,
                    Feature.GUEST_TSO4,
                    Feature.GUEST_TSO6,
                    Feature.GUEST_ECN,
                    Feature.GUEST_USO4,
                    Feature.GUEST_USO6,
                    Feature.HOST_TSO4,
                    Feature.HOST_TSO6,
                    Feature.HOST_ECN,
                    Feature.HOST_USO)
            .low();

    /**
     * A driver that takes everything that a split ring can have, with mergeable buffers, one queue pair and no control
     * queue: QEMU's {@code -netdev vhost-user}.
     *
     * @return the setup
     */
    public static NetSetup full() {
        FeatureSet ring = FeatureSet.of(
                Feature.VERSION_1,
                Feature.INDIRECT_DESC,
                Feature.EVENT_IDX,
                Feature.ANY_LAYOUT,
                Feature.MRG_RXBUF,
                Feature.MTU);
        long protocol = ProtocolFeature.word(List.of(
                ProtocolFeature.MQ,
                ProtocolFeature.REPLY_ACK,
                ProtocolFeature.MTU,
                ProtocolFeature.RESET_DEVICE,
                ProtocolFeature.STATUS));
        return new NetSetup(
                ring.low() | OFFLOADS,
                protocol,
                1,
                256,
                PLAIN_FRAME_BYTES,
                256,
                ChainShape.TOGETHER,
                RamSetup.ONE_REGION);
    }

    /**
     * A driver without any feature: legacy header, no offload, buffers for plain frames.
     *
     * @return the setup
     */
    public static NetSetup legacy() {
        return full().only().receive(ChainShape.HEADER_APART, PLAIN_FRAME_BYTES, 128);
    }

    /**
     * The same with some features more.
     *
     * @param more to acknowledge too
     * @return a copy
     */
    public NetSetup with(Feature... more) {
        return withFeatures(features | FeatureSet.of(more).low());
    }

    /**
     * The same with some features fewer.
     *
     * @param fewer not to acknowledge
     * @return a copy
     */
    public NetSetup without(Feature... fewer) {
        return withFeatures(features & ~FeatureSet.of(fewer).low());
    }

    /**
     * The same with other features.
     *
     * @param all to acknowledge
     * @return a copy
     */
    public NetSetup only(Feature... all) {
        return withFeatures(FeatureSet.of(all).low());
    }

    /**
     * The same without any offload.
     *
     * @return a copy
     */
    public NetSetup withoutOffloads() {
        return withFeatures(features & ~OFFLOADS);
    }

    /**
     * The same with packed rings.
     *
     * @return a copy
     */
    public NetSetup packed() {
        return with(Feature.RING_PACKED);
    }

    /**
     * The same with a device that uses chains in order.
     *
     * @return a copy
     */
    public NetSetup inOrder() {
        return with(Feature.IN_ORDER);
    }

    private NetSetup withFeatures(long word) {
        return new NetSetup(
                word, protocolFeatures, pairs, queueSize, receiveFrameBytes, receiveBuffers, receiveShape, ram);
    }

    /**
     * The same with other protocol features.
     *
     * @param all to acknowledge
     * @return a copy
     */
    public NetSetup protocol(ProtocolFeature... all) {
        return new NetSetup(
                features,
                ProtocolFeature.word(List.of(all)),
                pairs,
                queueSize,
                receiveFrameBytes,
                receiveBuffers,
                receiveShape,
                ram);
    }

    /**
     * The same with LOG_SHMFD, so that a {@link DirtyLog} can begin.
     *
     * @return a copy
     */
    public NetSetup withLog() {
        return withProtocol(ProtocolFeature.LOG_SHMFD);
    }

    /**
     * The same with further protocol features.
     *
     * @param more to acknowledge too
     * @return a copy
     */
    public NetSetup withProtocol(ProtocolFeature... more) {
        return new NetSetup(
                features,
                protocolFeatures | ProtocolFeature.word(List.of(more)),
                pairs,
                queueSize,
                receiveFrameBytes,
                receiveBuffers,
                receiveShape,
                ram);
    }

    /**
     * The same with other queues.
     *
     * @param pairsToRun queue pairs
     * @param size entries of each
     * @return a copy
     */
    public NetSetup queues(int pairsToRun, int size) {
        return new NetSetup(
                features,
                protocolFeatures,
                pairsToRun,
                size,
                receiveFrameBytes,
                receiveBuffers,
                receiveShape,
                ram.atLeast((long) pairsToRun * RamSetup.ONE_REGION.bytes()));
    }

    /**
     * A copy with other receive buffers.
     *
     * @param shape how each is laid out
     * @param frameBytes room for a frame in each
     * @param count how many in each queue
     * @return a copy
     */
    public NetSetup receive(ChainShape shape, int frameBytes, int count) {
        return new NetSetup(features, protocolFeatures, pairs, queueSize, frameBytes, count, shape, ram);
    }

    /**
     * The same with buffers that hold any frame each, for drivers without mergeable buffers that take super-frames.
     *
     * @return a copy
     */
    public NetSetup bigBuffers() {
        return receive(receiveShape, ANY_FRAME_BYTES, 32);
    }

    /**
     * The same in other guest memory.
     *
     * @param other the other one
     * @return a copy
     */
    public NetSetup in(RamSetup other) {
        return new NetSetup(
                features, protocolFeatures, pairs, queueSize, receiveFrameBytes, receiveBuffers, receiveShape, other);
    }
}
