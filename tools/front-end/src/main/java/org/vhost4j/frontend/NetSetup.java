// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.util.List;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The features, queues and memory that a {@link NetDriver} requests. Features that the back-end does not offer are not acknowledged.
 *
 * @param features the virtio feature bits to acknowledge when they are offered; PROTOCOL_FEATURES is acknowledged whenever it is offered
 *     and any protocol feature is requested
 * @param protocolFeatures the protocol feature bits to acknowledge when they are offered
 * @param pairs the number of queue pairs
 * @param queueSize the number of entries of each data queue
 * @param receiveFrameBytes the size of each receive buffer in bytes, without the virtio-net header
 * @param receiveBuffers the number of buffers to post in each receive queue; fewer when the ring is too small
 * @param receiveShape how a receive buffer is divided into descriptors
 * @param ram the guest memory for rings and buffers
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
    /** The size in bytes of the largest frame that a receive offload can produce (section 5.1.6.3.1), without the virtio-net header. */
    public static final int ANY_FRAME_BYTES = 65589;
    /** The size in bytes of a frame of 1500 bytes of payload with Ethernet header and VLAN tag. */
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
     * Returns the setup of a driver that acknowledges all features of split rings, with mergeable buffers, one queue pair and no control
     * queue, like QEMU's {@code -netdev vhost-user}.
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
     * Returns the setup of a driver that acknowledges no feature: legacy header, no offloads, buffers of {@value #PLAIN_FRAME_BYTES} bytes.
     *
     * @return the setup
     */
    public static NetSetup legacy() {
        return full().only().receive(ChainShape.HEADER_APART, PLAIN_FRAME_BYTES, 128);
    }

    /**
     * Returns this setup with further features.
     *
     * @param more the features to acknowledge too
     * @return a copy
     */
    public NetSetup with(Feature... more) {
        return withFeatures(features | FeatureSet.of(more).low());
    }

    /**
     * Returns this setup without some features.
     *
     * @param fewer the features not to acknowledge
     * @return a copy
     */
    public NetSetup without(Feature... fewer) {
        return withFeatures(features & ~FeatureSet.of(fewer).low());
    }

    /**
     * Returns this setup with exactly the given features.
     *
     * @param all the features to acknowledge
     * @return a copy
     */
    public NetSetup only(Feature... all) {
        return withFeatures(FeatureSet.of(all).low());
    }

    /**
     * Returns this setup without any offload.
     *
     * @return a copy
     */
    public NetSetup withoutOffloads() {
        return withFeatures(features & ~OFFLOADS);
    }

    /**
     * Returns this setup with packed rings.
     *
     * @return a copy
     */
    public NetSetup packed() {
        return with(Feature.RING_PACKED);
    }

    /**
     * Returns this setup with IN_ORDER: the device uses chains in order.
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
     * Returns this setup with exactly the given protocol features.
     *
     * @param all the protocol features to acknowledge
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
     * Returns this setup with LOG_SHMFD, which a {@link DirtyLog} requires.
     *
     * @return a copy
     */
    public NetSetup withLog() {
        return withProtocol(ProtocolFeature.LOG_SHMFD);
    }

    /**
     * Returns this setup with further protocol features.
     *
     * @param more the protocol features to acknowledge too
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
     * Returns this setup with the given queues.
     *
     * @param pairsToRun the number of queue pairs
     * @param size the number of entries of each data queue
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
     * Returns this setup with the given receive buffers.
     *
     * @param shape how each buffer is divided into descriptors
     * @param frameBytes the size of each buffer in bytes, without the virtio-net header
     * @param count the number of buffers in each queue
     * @return a copy
     */
    public NetSetup receive(ChainShape shape, int frameBytes, int count) {
        return new NetSetup(features, protocolFeatures, pairs, queueSize, frameBytes, count, shape, ram);
    }

    /**
     * Returns this setup with receive buffers that are each large enough for any frame, for drivers that accept super-frames without
     * mergeable buffers.
     *
     * @return a copy
     */
    public NetSetup bigBuffers() {
        return receive(receiveShape, ANY_FRAME_BYTES, 32);
    }

    /**
     * Returns this setup with the given guest memory.
     *
     * @param other the guest memory
     * @return a copy
     */
    public NetSetup in(RamSetup other) {
        return new NetSetup(
                features, protocolFeatures, pairs, queueSize, receiveFrameBytes, receiveBuffers, receiveShape, other);
    }
}
