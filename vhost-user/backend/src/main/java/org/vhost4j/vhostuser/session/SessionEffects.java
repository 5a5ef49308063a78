// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.ring.QueueLog;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.IotlbMessage;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * Where the effects of a session take place: the device and the lanes that own its rings.
 *
 * <p>All methods are called by the session's thread, one at a time. When a method returns, its effect is in force in every lane:
 * the reply to the front-end goes out next. Descriptors stay the session's; the device uses them between the call that brings
 * them and the one that replaces or stops.
 *
 * <p>Order that the device can rely on: {@link #acknowledge} before the first {@link #startQueue}; {@link #memoryChanged} only
 * while no queue runs; {@link #enableQueue}, {@link #callChanged}, {@link #errChanged} and {@link #stopQueue} only for queues that
 * run.
 */
public interface SessionEffects {
    /**
     * The answer to GET_QUEUE_NUM.
     *
     * @param ownsConfig whether the front-end acknowledged CONFIG, so that config space and control queue are the back-end's: it
     *     then counts virtqueues, all of them. One that did not (QEMU's {@code -netdev vhost-user}) counts queue pairs.
     * @return how many there are
     */
    int queueNumber(boolean ownsConfig);

    /**
     * The front-end acknowledged features: on every SET_FEATURES while no ring is started. The same features can come again,
     * after a pause for example, and change nothing then.
     *
     * @param features a part of what was offered, without PROTOCOL_FEATURES
     */
    void acknowledge(FeatureSet features);

    /**
     * Reads the config space.
     *
     * @param offset of the first byte
     * @param into filled; the range lies within {@link SessionOptions#configSize}
     * @throws RefusedException when this part cannot be read; the front-end gets an error
     */
    void readConfig(int offset, MemorySegment into) throws RefusedException;

    /**
     * Writes the config space. QEMU's generic device always writes the whole of it, so unchanged read-only bytes are no error.
     *
     * @param offset of the first byte
     * @param bytes what to write; the range lies within {@link SessionOptions#configSize}
     * @param migration whether read-only fields may change too
     * @throws RefusedException when a field is read-only; the front-end gets an error
     */
    void writeConfig(int offset, MemorySegment bytes, boolean migration) throws RefusedException;

    /**
     * The memory table changed. No queue runs now; those that still can are started next. When this returns no thread may use
     * memory of the previous table: it is unmapped.
     *
     * @param memory the new table, perhaps empty; lanes that use it at the same time need one object each
     */
    void memoryChanged(GuestMemory memory);

    /**
     * What the front-end's IOMMU lets devices reach has changed in the memory of the last {@link #memoryChanged}. Queues run on;
     * when this returns no thread may use an address that was translated before.
     *
     * @param message what the front-end said: an update or an invalidation
     */
    void translationsChanged(IotlbMessage message);

    /**
     * A translation is missing before a ring can run: the front-end must be asked for it.
     *
     * @param address the I/O virtual address
     * @param write whether the access is a write
     */
    void translationMissing(long address, boolean write);

    /**
     * Starts a queue, and looks at it at once, without waiting for a kick.
     *
     * @param setup the queue
     * @throws RefusedException when the queue cannot run so, for example because a descriptor is not an eventfd; it does not run
     */
    void startQueue(QueueSetup setup) throws RefusedException;

    /**
     * Ends what is in flight on a queue that runs and is about to stop permanently: chains that were in flight in a process that has died, and
     * that were not taken again, are used with nothing written.
     *
     * @param index the virtqueue, which is not suspended
     */
    void finishQueue(int index);

    /**
     * Stops a queue that runs, after all chains that it has taken are used, published and notified. A queue that has
     * failed counts as running.
     *
     * @param index the virtqueue
     * @return its position, as in SET_VRING_BASE
     */
    int stopQueue(int index);

    /**
     * The front-end has been told how far a queue came that is stopped, or has reset it: what it says when it starts the queue counts. A
     * queue that is started again without this continues where it was.
     *
     * @param index the virtqueue
     */
    void positionTold(int index);

    /**
     * The front-end has stopped the last started queue, by GET_VRING_BASE or a reset or because it is gone. No queue runs. A device that
     * stopped for a fault of its driver may be started again after this, and not before: that queues are stopped and started because the
     * memory table or an address has changed is no new beginning.
     */
    void allQueuesStopped();

    /**
     * Logs what is written for a queue that runs, suspended or not, from now on, or no longer. When this returns no lane writes
     * to a previous log. A queue that starts is logged as its {@link QueueSetup#log} says.
     *
     * @param index the virtqueue
     * @param log where; null for nowhere
     */
    void logQueue(int index, @Nullable QueueLog log);

    /**
     * How far a queue has come that runs and that the device leaves alone.
     *
     * @param index the virtqueue
     * @return as in SET_VRING_BASE
     */
    int position(int index);

    /**
     * Leaves a queue that runs alone until {@link #resumeQueue}, because the front-end's IOMMU has withdrawn the memory of its ring.
     * Everything that it has taken is done first: used, published, and notified. It still counts as running.
     *
     * @param index the virtqueue
     */
    void suspendQueue(int index);

    /**
     * Continues with a suspended queue where it was: its ring lies in the same memory again.
     *
     * @param index the virtqueue
     */
    void resumeQueue(int index);

    /**
     * Enables or disables a queue that runs.
     *
     * @param index the virtqueue
     * @param enabled whether it is processed with effect
     */
    void enableQueue(int index, boolean enabled);

    /**
     * Replaces the call descriptor of a queue that runs: the new one is used for every notification from now on, and signalled
     * once, because the driver may have missed one in between.
     *
     * @param index the virtqueue
     * @param call the descriptor, or null when the driver polls
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void callChanged(int index, @Nullable Fd call) throws RefusedException;

    /**
     * Replaces the error descriptor of a queue that runs.
     *
     * @param index the virtqueue
     * @param err the descriptor, or null
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void errChanged(int index, @Nullable Fd err) throws RefusedException;

    /**
     * Gives the descriptor that is signalled when something was written to the log of dirty pages: at most once for each burst of a
     * queue, and only while queues are logged.
     *
     * @param written the descriptor, which replaces the previous one; null when the session ends
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void logSignal(@Nullable Fd written) throws RefusedException;

    /**
     * The device is reset: all queues have been stopped. Offered features, memory and descriptors stay.
     *
     * @param cause which request did it
     */
    void reset(ResetCause cause);

    /**
     * The front-end set the device status.
     *
     * @param status virtio's device status bits, 0 to 255
     */
    void status(int status);

    /**
     * The front-end set the MTU that the guest sees.
     *
     * @param mtu 68 to 65535 bytes
     * @throws RefusedException when frames of that size cannot be carried; the front-end gets an error
     */
    void setMtu(int mtu) throws RefusedException;

    /**
     * The front-end gave a socket for requests of the back-end.
     *
     * @param channel the socket, which replaces the previous one; null when the session ends
     * @param protocol the protocol features that were acknowledged, which decide what may be sent on it
     */
    void backendChannel(@Nullable Fd channel, Set<ProtocolFeature> protocol);

    /**
     * The guest has migrated here and cannot announce itself: a RARP with its address has to be sent to the network.
     *
     * @param mac its MAC address, 6 bytes
     * @throws RefusedException when that cannot be done; the front-end gets an error
     */
    void announce(byte[] mac) throws RefusedException;

    /**
     * Begins to write the state of the device that moves with its guest. No queue is started; status 0 may have come before. What was
     * being transferred before is given up.
     *
     * @param to owned by the device from now on, which closes it when everything is written or it gives up, and when this throws
     * @throws RefusedException when that cannot be done; the front-end gets an error
     */
    void saveState(Fd to) throws RefusedException;

    /**
     * Begins to read the state of the device that the guest comes from. No queue is started; features and memory may come later. What was
     * being transferred before is given up.
     *
     * @param from owned by the device from now on, which closes it at the end of the file or when it gives up, and when this throws
     * @throws RefusedException when that cannot be done; the front-end gets an error
     */
    void loadState(Fd from) throws RefusedException;

    /**
     * Ends a transfer of the device's state. The front-end has done its part: what is not transferred without waiting for it has failed.
     * A state that was loaded takes effect when all of it is good, and leaves no trace otherwise.
     *
     * @param answer called once by the session's thread, before this returns or later: nothing when the state was transferred,
     *     else why not
     */
    void checkState(Consumer<Optional<String>> answer);

    /**
     * Something went wrong, or well again, that does not end the connection.
     *
     * @param line one line for the user
     */
    void report(String line);
}
