// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counters;
import org.vhost4j.device.steering.ReceiveSteering;

/** The state that a device's datapath ({@link NetDevice}) and its control ({@link DeviceControl}) share. */
final class DeviceState {
    final Counters counters = new Counters();
    final NetConfigSpace configSpace;

    /** Clock in nanoseconds, from any origin. */
    final LongSupplier clock;

    final DeviceQueues queues;
    final ReceivePath reception;
    final DriverSettings driver;

    boolean linkUp = true;

    /** Whether the device waits for a translation of the IOMMU, so that it is not polled. */
    boolean waiting;

    /** Whether a queue without kick descriptor runs, which must be polled all the time. */
    boolean mustPoll;

    /**
     * Whether the device stopped because guest memory vanished, so that its rings must not be written. After a stop for
     * another reason the rings are still usable.
     */
    boolean memoryLost;

    /** The reason why the device stopped because of a fault; null when it did not. */
    @Nullable
    String stoppedReason;

    /** Signals the reader of the dirty log that pages were marked. */
    GuestNotifier logWritten = GuestNotifier.NONE;

    private final Runnable checkpoint;

    /** Creates the state of a device without a driver. */
    DeviceState(NetDeviceConfig config, Runnable checkpoint, DeviceOwner owner) {
        this.checkpoint = checkpoint;
        clock = config.clock();
        configSpace = new NetConfigSpace(config.mac(), config.maxPairs(), config.mtu(), config.speed());
        queues = new DeviceQueues(config.maxPairs());
        reception = new ReceivePath(queues, new ReceiveSteering(), 0, configSpace, counters, config.timeouts(), clock);
        driver = new DriverSettings(config, configSpace, queues, reception, owner, DriverSettings.statistics(config));
    }

    /**
     * Creates the state of the same device on another lane, which shares flows, config space and queue statistics with
     * the home lane.
     */
    DeviceState(NetDeviceConfig config, Runnable checkpoint, DeviceOwner owner, DeviceState home, int first) {
        this.checkpoint = checkpoint;
        clock = config.clock();
        configSpace = home.configSpace;
        queues = new DeviceQueues(config.maxPairs());
        reception = new ReceivePath(
                queues,
                new ReceiveSteering(home.reception.steering),
                first,
                configSpace,
                counters,
                config.timeouts(),
                clock);
        driver = new DriverSettings(config, configSpace, queues, reception, owner, home.driver.statistics);
        home.counters.include(counters);
    }

    /** Publishes used chains, and interrupts the driver if an interrupt is due. */
    void publish(Virtqueue queue, QueueInterrupt interrupt) {
        if (!queue.hasUnpublished()) {
            return;
        }
        // A pending memory fault is raised here at the latest, before the guest can see the used chains.
        checkpoint.run();
        interrupt.published(queue.publish());
        logWritten.signal();
    }
}
