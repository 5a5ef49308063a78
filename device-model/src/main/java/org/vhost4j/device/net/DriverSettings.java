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
 * The settings of a device's driver: the features that it acknowledged, and the settings that it made by the control
 * queue (virtio 1.4 section 5.1.6.5). {@link ControlCommands} decodes the commands, this class stores the settings. A
 * new driver starts with the initial settings.
 */
final class DriverSettings {
    final DriverFeatures features = new DriverFeatures();
    final NetConfigSpace configSpace;
    final ReceiveFilter filter;

    /** Notification coalescing. */
    final Moderations moderations;

    /** The commands by which the driver made these settings. */
    final SettingCommands settings = new SettingCommands();

    /** The statistics of each queue, by virtqueue index. */
    final QueueStatistics[] statistics;

    /** Called for each executed command that has changed a setting. */
    Consumer<byte[]> mirror = command -> {};

    private final NetDeviceConfig config;

    /** The MAC address at the start and after a reset, 48 bits. */
    private long ownMac;

    private final DeviceQueues queues;
    private final ReceiveSteering steering;
    private final DeviceOwner owner;

    /**
     * Creates the settings of a driver that has configured nothing.
     *
     * @param reception receive path, which has the filter and the steering that the driver sets
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

    /** Creates statistics for all queues, all zero. */
    static QueueStatistics[] statistics(NetDeviceConfig config) {
        QueueStatistics[] all = new QueueStatistics[2 * config.maxPairs() + 1];
        Arrays.setAll(all, index -> new QueueStatistics());
        return all;
    }

    /**
     * Sets the features; returns whether they differ from the previous ones. Setting the same features again changes
     * nothing.
     */
    boolean acknowledge(FeatureSet acknowledged) {
        boolean changed = !acknowledged.equals(features.acknowledged());
        if (changed) {
            features.acknowledge(acknowledged);
            forget();
        }
        return changed;
    }

    /** Resets all settings except the features. */
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

    /** Resets all settings and the features. */
    void reset() {
        features.acknowledge(FeatureSet.EMPTY);
        forget();
        configSpace.setMac(ownMac);
    }

    /**
     * Writes the state other than the driver's settings: the status field of the config space and the statistics of the
     * queues.
     */
    void save(DataOutput out) throws IOException {
        out.writeByte(configSpace.status());
        out.writeInt(statistics.length);
        for (QueueStatistics each : statistics) {
            each.save(out);
        }
    }

    /** Restores the state that {@link #save} has written. */
    void load(DataInput in) throws IOException {
        configSpace.status(in.readByte());
        if (in.readInt() != statistics.length) {
            throw new IOException("the statistics are of another number of queues");
        }
        for (QueueStatistics each : statistics) {
            each.load(in);
        }
    }

    /** Sets the device's MAC address, which stays after a reset. */
    void ownMac(long mac) {
        ownMac = mac;
        configSpace.setMac(mac);
    }

    /** Returns whether the MAC address in the config space differs from the initial one. */
    boolean changedMac() {
        return configSpace.mac() != ownMac;
    }

    boolean negotiated(Feature feature) {
        return features.has(feature);
    }

    /** Executes MQ_VQ_PAIRS_SET: sets the number of pairs that the driver uses from now on. */
    boolean queuePairs(int wanted) {
        if (wanted < 1 || wanted > config.maxPairs()) {
            return false;
        }
        steering.automatic(wanted);
        return true;
    }

    /** Executes MQ_RSS_CONFIG; returns false when it is refused. */
    boolean scale(byte[] command) {
        Optional<RssConfig> wanted = RssConfig.rss(command, config.maxPairs());
        wanted.ifPresent(steering::scale);
        return wanted.isPresent();
    }

    /** Executes MQ_HASH_CONFIG; returns false when it is refused. */
    boolean reportHashes(byte[] command) {
        Optional<RssConfig> wanted = RssConfig.hash(command);
        wanted.ifPresent(steering::report);
        return wanted.isPresent();
    }

    /** Returns the result of STATS_QUERY. */
    byte[] statisticsTypes() {
        return StatisticsReply.supported(features);
    }

    /** Returns the result of STATS_GET, limited to {@code room} bytes; nothing when the command is invalid. */
    Optional<byte[]> statistics(byte[] command, long room) {
        return StatisticsReply.get(command, statistics, queues, features, room);
    }

    /** Executes CTRL_GUEST_OFFLOADS_SET: enables exactly the given guest offloads. */
    boolean guestOffloads(FeatureSet wanted) {
        boolean done = features.switchReceiveOffloads(wanted);
        if (done) {
            owner.offloadsChanged(features.guestOffloads());
        }
        return done;
    }
}
