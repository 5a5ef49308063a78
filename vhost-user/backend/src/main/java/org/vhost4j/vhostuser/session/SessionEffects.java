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
 * The receiver of a session's effects: the device and the lanes that own its rings.
 *
 * <p>All methods are called by the session's thread, one at a time. When a method returns, its effect has taken place
 * on every lane: the reply to the front-end is sent next. The session owns all descriptors; the device uses one from
 * the call that passes it until the call that replaces it or stops the queue.
 *
 * <p>Guaranteed order of calls: {@link #acknowledge} before the first {@link #startQueue}; {@link #memoryChanged} only
 * while no queue runs; {@link #enableQueue}, {@link #callChanged}, {@link #errChanged} and {@link #stopQueue} only for
 * queues that run.
 */
public interface SessionEffects {
    /**
     * Returns the reply to GET_QUEUE_NUM.
     *
     * @param ownsConfig whether the front-end acknowledged CONFIG, so that config space and control queue are the back-end's: it
     *     then counts virtqueues, all of them. One that did not (QEMU's {@code -netdev vhost-user}) counts queue pairs.
     * @return the number of virtqueues or queue pairs
     */
    int queueNumber(boolean ownsConfig);

    /**
     * Sets the features that the front-end acknowledged: called for every SET_FEATURES while no ring is started. The
     * same features can come again, after a pause for example, and change nothing then.
     *
     * @param features a subset of the offered features, without PROTOCOL_FEATURES
     */
    void acknowledge(FeatureSet features);

    /**
     * Reads the config space.
     *
     * @param offset offset of the first byte
     * @param into memory to fill; the range lies within {@link SessionOptions#configSize}
     * @throws RefusedException when this part cannot be read; the front-end gets an error
     */
    void readConfig(int offset, MemorySegment into) throws RefusedException;

    /**
     * Writes the config space. QEMU's generic device always writes the whole of it, so unchanged read-only bytes are
     * not an error.
     *
     * @param offset offset of the first byte
     * @param bytes the bytes to write; the range lies within {@link SessionOptions#configSize}
     * @param migration whether read-only fields may also change
     * @throws RefusedException when a field is read-only; the front-end gets an error
     */
    void writeConfig(int offset, MemorySegment bytes, boolean migration) throws RefusedException;

    /**
     * Sets a changed memory table. No queue runs now; those that still can are started next. When this returns no
     * thread may use memory of the previous table: it is unmapped.
     *
     * @param memory the new table, possibly empty; lanes that use it at the same time need one object each
     */
    void memoryChanged(GuestMemory memory);

    /**
     * Applies a change of the ranges that the front-end's IOMMU makes accessible to devices, in the memory of the last
     * {@link #memoryChanged}. Queues keep running; when this returns no thread may use an address that was translated
     * before.
     *
     * @param message message of the front-end: an update or an invalidation
     */
    void translationsChanged(IotlbMessage message);

    /**
     * Requests a translation from the front-end that is missing before a ring can run.
     *
     * @param address the I/O virtual address
     * @param write whether the access is a write
     */
    void translationMissing(long address, boolean write);

    /**
     * Starts a queue, and polls it at once, without waiting for a kick.
     *
     * @param setup the queue
     * @throws RefusedException when the queue cannot run, for example because a descriptor is not an eventfd; it does not run then
     */
    void startQueue(QueueSetup setup) throws RefusedException;

    /**
     * Completes the chains in flight on a running queue that is about to stop permanently: chains that were in flight
     * in a process that has died, and were not popped again, are used with length 0.
     *
     * @param index the virtqueue, which is not suspended
     */
    void finishQueue(int index);

    /**
     * Stops a running queue, after all popped chains were used and published and the driver was notified, unless it suppresses that. A queue
     * that has failed counts as running.
     *
     * @param index index of the virtqueue
     * @return its position, as in SET_VRING_BASE
     */
    int stopQueue(int index);

    /**
     * Notifies that the front-end knows the position of a stopped queue, or has reset it: the base that it sets for the
     * next start is used. A queue that is started again without this continues at its own position.
     *
     * @param index index of the virtqueue
     */
    void positionKnown(int index);

    /**
     * Notifies that the front-end has stopped the last started queue, by GET_VRING_BASE, by a reset, or by
     * disconnecting. No queue runs. A device that stopped because of a fault of its driver may be started again only
     * after this: stopping and starting queues because the memory table or an address has changed is not enough.
     */
    void allQueuesStopped();

    /**
     * Starts or stops logging the writes for a queue that runs, suspended or not. When this returns no lane writes to a
     * previous log. A queue that starts is logged according to its {@link QueueSetup#log}.
     *
     * @param index index of the virtqueue
     * @param log the log; null to stop logging
     */
    void logQueue(int index, @Nullable QueueLog log);

    /**
     * Returns the position of a queue that runs but is not processed by the device.
     *
     * @param index index of the virtqueue
     * @return the position, as in SET_VRING_BASE
     */
    int position(int index);

    /**
     * Suspends a running queue until {@link #resumeQueue}, because the front-end's IOMMU has invalidated the memory of
     * its ring. All popped chains are used and published, and the driver is interrupted, before this returns. The queue
     * still counts as running.
     *
     * @param index the virtqueue
     */
    void suspendQueue(int index);

    /**
     * Resumes a suspended queue at its position: its ring is in the same memory again.
     *
     * @param index the virtqueue
     */
    void resumeQueue(int index);

    /**
     * Enables or disables a queue that runs.
     *
     * @param index the virtqueue
     * @param enabled whether it is enabled; a disabled queue discards the frames that it sends, and receives nothing
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
     * Sets the descriptor that is signalled after pages were marked in the log of dirty pages: at most once for each
     * burst of a queue, and only while queues are logged.
     *
     * @param written the descriptor, which replaces the previous one; null when the session ends
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void logSignal(@Nullable Fd written) throws RefusedException;

    /**
     * Resets the device: all queues have been stopped. Offered features, memory and descriptors stay.
     *
     * @param cause the request that causes the reset
     */
    void reset(ResetCause cause);

    /**
     * Sets the device status on request of the front-end.
     *
     * @param status virtio's device status bits, 0 to 255
     */
    void status(int status);

    /**
     * Sets the MTU that the guest sees, on request of the front-end.
     *
     * @param mtu 68 to 65535 bytes
     * @throws RefusedException when frames of that size are not supported; the front-end gets an error
     */
    void setMtu(int mtu) throws RefusedException;

    /**
     * Sets the front-end's socket for requests of the back-end.
     *
     * @param channel the socket, which replaces the previous one; null when the session ends
     * @param protocol the acknowledged protocol features, which determine the requests that may be sent
     */
    void backendChannel(@Nullable Fd channel, Set<ProtocolFeature> protocol);

    /**
     * Requests a RARP to the network for a guest that has migrated here and cannot announce itself.
     *
     * @param mac MAC address of the guest, 6 bytes
     * @throws RefusedException when the announcement cannot be sent; the front-end gets an error
     */
    void announce(byte[] mac) throws RefusedException;

    /**
     * Begins to write the state of the device that moves with its guest. No queue is started; status 0 may have come
     * before. A transfer in progress is abandoned.
     *
     * @param to descriptor to write to; owned by the device from now on, which closes it at the end of the transfer,
     *     and when this throws
     * @throws RefusedException when the state cannot be saved; the front-end gets an error
     */
    void saveState(Fd to) throws RefusedException;

    /**
     * Begins to read the state of the device that the guest comes from. No queue is started; features and memory may
     * come later. A transfer in progress is abandoned.
     *
     * @param from descriptor to read from; owned by the device from now on, which closes it at the end of the transfer,
     *     and when this throws
     * @throws RefusedException when a state cannot be loaded; the front-end gets an error
     */
    void loadState(Fd from) throws RefusedException;

    /**
     * Ends a transfer of the device's state. The front-end has done its part: a transfer that cannot be completed
     * without waiting has failed. A loaded state takes effect when all of it is valid, and has no effect otherwise.
     *
     * @param answer called once by the session's thread, before this returns or later: empty when the state was
     *     transferred, otherwise the reason for the failure
     */
    void checkState(Consumer<Optional<String>> answer);

    /**
     * Reports an error, or the end of one, that does not end the connection.
     *
     * @param line the report, one line for the user
     */
    void report(String line);
}
