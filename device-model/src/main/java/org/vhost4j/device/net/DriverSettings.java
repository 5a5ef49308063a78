// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.steering.ReceiveFilter;
import org.vhost4j.device.steering.ReceiveSteering;
import org.vhost4j.device.steering.RssConfig;

/**
 * What the driver of a device has said: the features that it acknowledged, and what it has set by its control queue (virtio 1.4 section
 * 5.1.6.5). {@link ControlCommands} reads the commands, this keeps what they come to. Whatever a driver set is as at the start for the
 * next.
 */
final class DriverSettings {
    final DriverFeatures features = new DriverFeatures();
    final NetConfigSpace configSpace;
    final ReceiveFilter filter;

    /** Notification coalescing. */
    final Moderations moderations;

    /** How it came to its settings. */
    final SettingCommands settings = new SettingCommands();

    /** By virtqueue index. */
    final QueueStatistics[] statistics;

    /** Hears of each command that was carried out and has set something. */
    Consumer<byte[]> mirror = command -> {};

    private final NetDeviceConfig config;

    /** The address at the start, and after a reset. */
    private long ownMac;

    private final DeviceQueues queues;
    private final ReceiveSteering steering;
    private final DeviceOwner owner;

    /**
     * Creates the settings of a driver that has configured nothing.
     *
     * @param reception receive path, with the filter and the steering that the driver sets
     * @param owner receives changes of the offloads that the driver accepts
     * @param statistics statistics of each queue, by virtqueue index
     */
    DriverSettings(
            NetDeviceConfig config,
            NetConfigSpace configSpace,
            DeviceQueues queues,
            ReceivePath reception,
            DeviceOwner owner,
            QueueStatistics[] statistics) {
        this.config = config;
        this.ownMac = config.mac();
        this.configSpace = configSpace;
        this.queues = queues;
        this.filter = reception.filter;
        this.steering = reception.steering;
        this.owner = owner;
        this.moderations = new Moderations(queues, 2 * config.maxPairs());
        this.statistics = statistics;
    }

    /** Those of queues that have done nothing. */
    static QueueStatistics[] statistics(NetDeviceConfig config) {
        QueueStatistics[] all = new QueueStatistics[2 * config.maxPairs() + 1];
        Arrays.setAll(all, index -> new QueueStatistics());
        return all;
    }

    /** Takes the features; whether they are others. The same again leave everything as it is. */
    boolean acknowledge(FeatureSet acknowledged) {
        boolean changed = !acknowledged.equals(features.acknowledged());
        if (changed) {
            features.acknowledge(acknowledged);
            forget();
        }
        return changed;
    }

    /** Resets everything except the features. */
    void forget() {
        features.acknowledge(features.acknowledged());
        queues.placeControlQueue(features.acknowledged());
        boolean choosesPairs = features.has(Feature.MQ) || features.has(Feature.RSS);
        steering.reset(
                features.has(Feature.CTRL_VQ) && choosesPairs ? 1 : config.maxPairs(),
                features.has(Feature.HASH_REPORT));
        configSpace.macWritable(!features.has(Feature.VERSION_1));
        filter.reset(features.has(Feature.CTRL_VLAN));
        configSpace.announce(false);
        moderations.reset();
        settings.clear();
        for (QueueStatistics each : statistics) {
            each.clear();
        }
        owner.offloadsChanged(features.guestOffloads());
    }

    /** Resets everything. */
    void reset() {
        features.acknowledge(FeatureSet.EMPTY);
        forget();
        configSpace.setMac(ownMac);
    }

    /** Writes what the driver has not set itself: the status of the config space, and what its queues have counted. */
    void save(DataOutput out) throws IOException {
        out.writeByte(configSpace.status());
        out.writeInt(statistics.length);
        for (QueueStatistics each : statistics) {
            each.save(out);
        }
    }

    /** Takes what {@link #save} has written. */
    void load(DataInput in) throws IOException {
        configSpace.status(in.readByte());
        if (in.readInt() != statistics.length) {
            throw new IOException("the statistics are those of another number of queues");
        }
        for (QueueStatistics each : statistics) {
            each.load(in);
        }
    }

    /** Gives the device another address, now and after each reset. */
    void ownMac(long mac) {
        ownMac = mac;
        configSpace.setMac(mac);
    }

    /** Returns whether the address in the config space differs from the initial one. */
    boolean changedMac() {
        return configSpace.mac() != ownMac;
    }

    boolean negotiated(Feature feature) {
        return features.has(feature);
    }

    /** Carries out MQ_VQ_PAIRS_SET: sets the number of pairs that the driver uses from now on. */
    boolean queuePairs(int wanted) {
        if (wanted < 1 || wanted > config.maxPairs()) {
            return false;
        }
        steering.automatic(wanted);
        return true;
    }

    /** Carries out MQ_RSS_CONFIG. */
    boolean scale(byte[] command) {
        Optional<RssConfig> wanted = RssConfig.rss(command, config.maxPairs());
        wanted.ifPresent(steering::scale);
        return wanted.isPresent();
    }

    /** Carries out MQ_HASH_CONFIG. */
    boolean reportHashes(byte[] command) {
        Optional<RssConfig> wanted = RssConfig.hash(command);
        wanted.ifPresent(steering::report);
        return wanted.isPresent();
    }

    /** Returns the answer to STATS_QUERY. */
    byte[] statisticsTypes() {
        return StatisticsReply.supported(features);
    }

    /** Returns the answer to STATS_GET, if it fits the given size. */
    Optional<byte[]> statistics(byte[] command, long room) {
        return StatisticsReply.get(command, statistics, queues, features, room);
    }

    /** Carries out CTRL_GUEST_OFFLOADS: sets which of the negotiated receive offloads are on. */
    boolean guestOffloads(FeatureSet wanted) {
        boolean done = features.switchReceiveOffloads(wanted);
        if (done) {
            owner.offloadsChanged(features.guestOffloads());
        }
        return done;
    }
}
