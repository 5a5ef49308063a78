// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.net;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.device.stats.Counters;

/**
 * The operations by which the session of a front-end controls a network device: features, start and stop of queues,
 * contents of the config space. They are called by the device's lane, between two bursts.
 */
public final class DeviceControl {
    private static final int MAC_BYTES = 6;

    private final DeviceState state;
    private final DeviceQueues queues;
    private final ReceivePath reception;
    private final DriverSettings driver;
    private final NetConfigSpace configSpace;
    private final Counters counters;
    private final ControlCommands commands;

    /** The settings that the driver made at the source of a migration, until one of its queues runs here. */
    private List<byte[]> arrived = List.of();

    /** Creates the operations of a device. */
    DeviceControl(DeviceState state) {
        this.state = state;
        this.queues = state.queues;
        this.reception = state.reception;
        this.driver = state.driver;
        this.configSpace = state.configSpace;
        this.counters = state.counters;
        this.commands = new ControlCommands(driver);
    }

    /**
     * Sets the features that the driver acknowledged. No queue may run. Setting the same features again, as when a
     * paused guest continues, changes nothing.
     *
     * @param acknowledged a subset of the offered features
     */
    public void features(FeatureSet acknowledged) {
        if (driver.acknowledge(acknowledged)) {
            carryOutArrived();
        }
    }

    /**
     * Returns the settings that the driver made by its control queue, so that they can migrate with the guest. They are
     * control commands that restore these settings in the guest's next device.
     *
     * @return class, command and data of each command, as on the control queue; up to 5000 commands, 32 KiB in total;
     *     empty when the driver changed no setting
     */
    public List<byte[]> settings() {
        List<byte[]> all = new ArrayList<>();
        if (driver.changedMac()) {
            ByteBuffer command = ByteBuffer.allocate(2 + MAC_BYTES);
            command.put((byte) ControlCommands.CLASS_MAC).put((byte) ControlCommands.MAC_ADDR_SET);
            command.putShort((short) (configSpace.mac() >>> 32)).putInt((int) configSpace.mac());
            all.add(command.array());
        }
        all.addAll(driver.settings.commands());
        return all;
    }

    /**
     * Applies the settings that the driver made at the source of a migration. Called after {@link
     * #features(FeatureSet)}, while no queue runs. A command of a feature that was not acknowledged has no effect.
     *
     * @param settings commands that {@link #settings()} returned, each of at least 2 bytes
     */
    public void settings(List<byte[]> settings) {
        List<byte[]> others = new ArrayList<>();
        for (byte[] command : settings) {
            boolean mac = command[0] == ControlCommands.CLASS_MAC && command[1] == ControlCommands.MAC_ADDR_SET;
            if (mac && command.length == 2 + MAC_BYTES) {
                // The address is set now, because a driver may read the config space before it acknowledges features.
                ByteBuffer address = ByteBuffer.wrap(command, 2, MAC_BYTES);
                configSpace.setMac(
                        Short.toUnsignedLong(address.getShort()) << 32 | Integer.toUnsignedLong(address.getInt()));
            } else {
                others.add(command.clone());
            }
        }
        arrived = others;
        carryOutArrived();
    }

    private void carryOutArrived() {
        for (byte[] command : arrived) {
            ControlCommands.Answer unused = commands.execute(command, Integer.MAX_VALUE);
        }
    }

    /**
     * Resets the settings that were made by the control queue. Called when a new driver acknowledges the same features
     * as its predecessor.
     */
    public void newDriver() {
        arrived = List.of();
        driver.forget();
    }

    /**
     * Returns whether the driver acknowledged a feature.
     *
     * @param feature the feature
     * @return true when it was negotiated
     */
    public boolean negotiated(Feature feature) {
        return driver.features.has(feature);
    }

    /**
     * Returns whether a virtqueue exists with the negotiated features.
     *
     * @param index the virtqueue's index
     * @return true for the queues of all pairs and for the control queue
     */
    public boolean hasQueue(int index) {
        return queues.exist(index);
    }

    /**
     * Returns the kind of a virtqueue.
     *
     * @param index the virtqueue's index, for which {@link #hasQueue} is true
     * @return the kind, according to the negotiated features
     */
    public QueueKind queueKind(int index) {
        return queues.kind(index);
    }

    /**
     * Allows a device that stopped because of a fault to run again, after the session has stopped all queues or reset
     * the device.
     *
     * @return true when the device had stopped because of a fault
     * @throws IllegalStateException when a queue runs
     */
    public boolean clearStop() {
        if (queues.running() != 0) {
            throw new IllegalStateException("a queue runs");
        }
        boolean stopped = state.stoppedReason != null;
        state.stoppedReason = null;
        state.memoryLost = false;
        return stopped;
    }

    /**
     * Starts a queue.
     *
     * @param index the virtqueue's index, of a queue that does not run
     * @param queue the virtqueue, whose ring is mapped
     * @param notifier raises the interrupts of this queue
     * @param enabled whether the queue is enabled already
     * @param silent whether the driver never notifies the device (no kick descriptor), so that the queue must be polled
     *     all the time
     */
    public void start(int index, Virtqueue queue, GuestNotifier notifier, boolean enabled, boolean silent) {
        QueueInterrupt interrupt = new QueueInterrupt(notifier, driver.statistics[index], counters, state.clock);
        interrupt.moderate(driver.moderations.of(index));
        switch (queues.kind(index)) {
            case CONTROL -> queues.startControl(new ControlQueue(commands, queue, interrupt, counters));
            case RECEIVE -> queues.startReceive(index, receive(queue, interrupt, enabled));
            case TRANSMIT ->
                queues.startTransmit(index, new TxQueue(queue, interrupt, enabled, driver.features.headerBytes()));
        }
        arrived = List.of();
        queue.disableNotifications();
        state.mustPoll |= silent;
    }

    private RxQueue receive(Virtqueue queue, QueueInterrupt interrupt, boolean enabled) {
        return new RxQueue(
                queue,
                interrupt,
                enabled,
                driver.features.has(Feature.MRG_RXBUF),
                driver.features.headerBytes(),
                driver.features.has(Feature.RSC_EXT),
                reception.steering.hash);
    }

    /**
     * Sets a listener for control commands that change a setting. The listener passes them to the device's seats,
     * its parts on other lanes. It is called before the driver sees the response.
     *
     * @param seats receives class, command and data of each command
     */
    public void mirror(Consumer<byte[]> seats) {
        driver.mirror = seats;
    }

    /**
     * Executes a control command on this seat, after the command has changed a setting on the device's home lane.
     *
     * @param command class, command and data, as passed to the listener of {@link #mirror}
     */
    public void apply(byte[] command) {
        ControlCommands.Answer unused = commands.execute(command, Integer.MAX_VALUE);
    }

    /**
     * Stops this seat until {@link #clearStop}, because the device has stopped on another lane.
     *
     * @param reason the reason, in one line
     * @param memory whether guest memory is lost, so that no ring may be written
     */
    public void halt(String reason, boolean memory) {
        if (memory) {
            state.memoryLost = true;
            reception.abandon();
        }
        if (state.stoppedReason == null) {
            if (!memory) {
                reception.releaseReservation();
            }
            state.stoppedReason = reason;
        }
    }

    /**
     * Returns whether the device stopped because guest memory vanished.
     *
     * @return true until {@link #clearStop}
     */
    public boolean memoryLost() {
        return state.memoryLost;
    }

    /**
     * Returns whether the device can forward frames, regardless of its queues: it has not stopped because of a fault,
     * and its link is up.
     *
     * @return the value that {@link #ready} has once queues are started and enabled
     */
    public boolean open() {
        return state.stoppedReason == null && state.linkUp;
    }

    /**
     * Returns whether the device can forward frames in both directions.
     *
     * @return true when a receive and a transmit queue are started and enabled, the link is up, and the device has not
     *     stopped because of a fault
     */
    public boolean ready() {
        return state.stoppedReason == null && state.linkUp && queues.ready();
    }

    /**
     * Stops a queue. Publishes used chains, and puts the chain of a parked frame back into the ring. It does both even
     * after a violation by the driver, so that the base of the ring counts exactly the used chains. A device that has
     * stopped because of a fault stays stopped until {@link #clearStop}, because the front-end may only be restarting
     * the same queues over other memory.
     *
     * @param index the virtqueue's index, of a queue that runs
     */
    public void stop(int index) {
        TxQueue transmit = queues.transmit(index);
        if (!state.memoryLost && transmit != null) {
            transmit.unpark();
        }
        quiesce(index);
        queues.remove(index);
        if (queues.running() == 0) {
            state.mustPoll = false;
            state.waiting = false;
        }
    }

    /**
     * Completes the chains in flight on a queue before the queue stops. Chains that a process had in flight when it
     * died, and that were not popped here, are used with length 0. The chain of a parked frame is put back into the
     * ring, unless part of the frame was delivered.
     *
     * @param index the virtqueue's index, of a queue that runs
     */
    public void finish(int index) {
        Virtqueue ring = queues.ring(index);
        if (ring != null && !state.memoryLost) {
            TxQueue transmit = queues.transmit(index);
            if (transmit != null) {
                transmit.unpark();
            }
            quiesce(index);
            ring.finish();
            publish(index);
        }
    }

    private void publish(int index) {
        Virtqueue ring = queues.ring(index);
        QueueInterrupt interrupt = queues.interrupt(index);
        if (ring != null && interrupt != null) {
            state.publish(ring, interrupt);
            interrupt.raiseHeld();
        }
    }

    /**
     * Starts or stops logging the device's writes for a queue. Used chains are published first, and these writes are
     * logged where the log covers them. The chain of a parked frame is put back into the ring.
     *
     * @param index the virtqueue's index, of a queue that runs
     * @param log the log; null to stop logging
     * @param beyond called once, with a reason of one line, for a write outside the log
     */
    public void log(int index, @Nullable QueueLog log, Consumer<String> beyond) {
        quiesce(index);
        Virtqueue ring = queues.ring(index);
        if (ring != null) {
            queues.replaceRing(index, log == null ? ring.unlogged() : ring.logged(log, beyond));
        }
    }

    /**
     * Sets the notifier that is signalled after writes to the log: once for each published burst of a queue, and when
     * notifications are enabled.
     *
     * @param signal signals the reader of the log; {@link GuestNotifier#NONE} while no queue is logged
     */
    public void onLogWritten(GuestNotifier signal) {
        state.logWritten = signal;
    }

    /**
     * Quiesces a queue: publishes used chains and puts popped ones back into the ring, so that no work on its ring
     * remains.
     */
    private void quiesce(int index) {
        if (state.memoryLost) {
            return;
        }
        RxQueue receive = queues.receive(index);
        TxQueue transmit = queues.transmit(index);
        reception.releaseReservation();
        if (receive != null) {
            receive.recover();
            publish(index);
        } else if (transmit != null) {
            transmit.unread();
            publish(index);
        }
    }

    /**
     * Suspends a queue until {@link #resume}, because its ring becomes inaccessible. Publishes used chains and puts the
     * chain of a parked frame back into the ring. Frames for the guest wait with their senders. When this returns, the
     * device does not access the ring any more.
     *
     * @param index the virtqueue's index, of a queue that runs
     */
    public void suspend(int index) {
        quiesce(index);
        queues.withdraw(index);
    }

    /**
     * Resumes a queue after {@link #suspend}, at the same position: its ring is accessible again.
     *
     * @param index the virtqueue's index, of a queue that is suspended
     */
    public void resume(int index) {
        queues.restore(index);
    }

    /**
     * Enables or disables a started queue.
     *
     * @param index the virtqueue's index
     * @param on whether the queue forwards frames
     */
    public void enable(int index, boolean on) {
        queues.enable(index, on);
    }

    /**
     * Replaces the notifier of a started queue, and signals the new one once, because the driver may have missed a call
     * on the old one.
     *
     * @param index the virtqueue's index
     * @param notifier the new notifier
     */
    public void notifier(int index, GuestNotifier notifier) {
        QueueInterrupt interrupt = queues.interrupt(index);
        if (interrupt != null) {
            interrupt.notifier(notifier);
        }
        notifier.signal();
    }

    /**
     * Saves the driver's settings, the statistics of the queues and the contents of the config space, for a device in
     * another process.
     *
     * @return the saved state, for {@link #restore}
     */
    public byte[] save() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeBoolean(state.linkUp);
            SettingCommands.write(settings(), out);
            driver.save(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Restores the state that a device in another process has saved. The same features must be acknowledged, and no
     * queue may run.
     *
     * @param settings the bytes that {@link #save} returned
     * @throws IllegalArgumentException when the bytes are not the state of a device with the same number of queues; the
     *     message is one line
     */
    public void restore(byte[] settings) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(settings))) {
            state.linkUp = in.readBoolean();
            settings(SettingCommands.read(in));
            driver.load(in);
            if (in.available() != 0) {
                throw new IOException("the state is longer than expected");
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("settings of another device: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the delivered part of the next frame of a queue, a super-frame whose receiver ran out of room.
     *
     * @param index the virtqueue's index, of a queue that is {@linkplain #suspend suspended}
     * @return the part; {@link FrameCut#NONE} when the queue has no such frame
     */
    public FrameCut cut(int index) {
        TxQueue transmit = queues.transmit(index);
        return transmit == null ? FrameCut.NONE : transmit.cut();
    }

    /**
     * Sets how many segments of the next super-frame the guest's previous device has delivered. They are not sent
     * again, unless the driver has changed the frame meanwhile.
     *
     * @param index the virtqueue's index, of a queue that has just been started
     * @param cut the delivered part, which {@link #cut(int)} of the previous device returned
     */
    public void cut(int index, FrameCut cut) {
        TxQueue transmit = queues.transmit(index);
        if (transmit != null) {
            transmit.cut(cut);
        }
    }

    /**
     * Resets the negotiated features and the driver's settings, as after a device reset. All queues must be stopped.
     */
    public void reset() {
        arrived = List.of();
        driver.reset();
    }

    /**
     * Counts a notification (kick) from the driver, for the queue statistics.
     *
     * @param index index of the virtqueue that was notified
     */
    public void notified(int index) {
        driver.statistics[index].notifications++;
    }

    /**
     * Sets the device's MAC address, which stays after a reset.
     *
     * @param address 48 bits, first byte highest; the caller notifies the driver of the configuration change
     */
    public void mac(long address) {
        driver.ownMac(address);
    }

    /**
     * Sets the link up or down. While it is down, frames of both directions are dropped.
     *
     * @param up whether LINK_UP is set in the config space; the caller notifies the driver of the configuration change
     */
    public void link(boolean up) {
        state.linkUp = up;
        configSpace.linkUp(up);
    }

    /**
     * Returns whether the link is up.
     *
     * @return the last value that {@link #link} set, initially true; a new driver does not change it
     */
    public boolean linkUp() {
        return state.linkUp;
    }

    /**
     * Requests that the driver announce its location (virtio 1.4 section 5.1.6.5.4).
     *
     * @return true when the driver supports it; the caller then notifies it that the config space has changed
     */
    public boolean requestAnnouncement() {
        boolean can = negotiated(Feature.GUEST_ANNOUNCE) && negotiated(Feature.STATUS) && negotiated(Feature.CTRL_VQ);
        if (can) {
            configSpace.announce(true);
        }
        return can;
    }

    /**
     * Returns the config space of this device.
     *
     * @return always the same object
     */
    public NetConfigSpace config() {
        return configSpace;
    }

    /**
     * Returns the features that the driver acknowledged.
     *
     * @return the features; none before {@link #features(FeatureSet)} and after {@link #reset}
     */
    public FeatureSet features() {
        return driver.features.acknowledged();
    }

    /**
     * Notifies the device that the IOMMU's translations have changed. Parked frames are read from their rings again, so
     * that no previous address is used any more.
     */
    public void translationsChanged() {
        state.waiting = false;
        if (state.stoppedReason == null) {
            reception.releaseReservation();
            for (TxQueue queue : queues.tx) {
                if (queue != null) {
                    queue.unread();
                }
            }
        }
    }
}
