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
 * Receives the effects of a session's requests: implemented by the device and the lanes that own its rings.
 *
 * <p>The session's thread calls the methods. When a method returns, its effect has taken place on every lane, because the reply to the
 * front-end is sent next. The session owns all descriptors. The device may use a descriptor from the call that passes it until the call
 * that replaces it or stops the queue.
 *
 * <p>Guaranteed order of calls: {@link #acknowledge} before the first {@link #startQueue}; {@link #memoryChanged} only
 * while no queue runs; {@link #enableQueue}, {@link #callChanged}, {@link #errChanged} and {@link #stopQueue} only for
 * queues that run.
 */
public interface SessionEffects {
    /**
     * Returns the reply to GET_QUEUE_NUM.
     *
     * @param ownsConfig whether the front-end acknowledged CONFIG, so that the back-end implements the config space and the control queue.
     *     Such a front-end expects the number of all virtqueues; any other (QEMU's {@code -netdev vhost-user}) expects the number of queue
     *     pairs
     * @return the number of virtqueues or queue pairs
     */
    int queueNumber(boolean ownsConfig);

    /**
     * Sets the features that the front-end acknowledged. Called for every SET_FEATURES while no ring is started. The same features may be
     * set again, for example after a pause; then nothing changes.
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
     * Writes the config space. QEMU's generic device always writes the whole of it, so unchanged read-only bytes are not an error.
     *
     * @param offset offset of the first byte
     * @param bytes the bytes to write; the range lies within {@link SessionOptions#configSize}
     * @param migration whether read-only fields may also change
     * @throws RefusedException when a field is read-only; the front-end gets an error
     */
    void writeConfig(int offset, MemorySegment bytes, boolean migration) throws RefusedException;

    /**
     * Sets a changed memory table. No queue runs during the call; queues that can run with the new table are started afterwards. When this
     * returns, no thread may use memory of the previous table, because it is unmapped next.
     *
     * @param memory the new table, possibly empty; each lane that uses it needs its own object
     */
    void memoryChanged(GuestMemory memory);

    /**
     * Applies an IOTLB update or invalidation to the memory of the last {@link #memoryChanged}. Queues keep running. When this returns, no
     * thread may use a translation that it made before.
     *
     * @param message the front-end's message: an update or an invalidation
     */
    void translationsChanged(IotlbMessage message);

    /**
     * Reports an IOTLB miss to the front-end: without this translation a ring cannot run.
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
     * Completes the chains in flight of a running queue that is about to stop permanently. Chains that were in flight in a process that has
     * died, and that were not popped again, are used with length 0.
     *
     * @param index index of the virtqueue, which is not suspended
     */
    void finishQueue(int index);

    /**
     * Stops a running queue. Before this returns, all popped chains are used and published, and the driver is notified unless it suppresses
     * notifications. A queue that has failed counts as running.
     *
     * @param index index of the virtqueue
     * @return its position, as in SET_VRING_BASE
     */
    int stopQueue(int index);

    /**
     * Notifies that the front-end knows the position of a stopped queue, or has reset it. The next start then uses the base that the
     * front-end has set. Without this call, a queue that is started again continues at its own position.
     *
     * @param index index of the virtqueue
     */
    void positionKnown(int index);

    /**
     * Notifies that the front-end has stopped the last started queue by GET_VRING_BASE, a reset, or disconnecting. A device that has
     * stopped because of its driver's fault may work again only after this call. It is not sufficient that queues are stopped and started
     * because the memory table or an address has changed.
     */
    void allQueuesStopped();

    /**
     * Starts or stops logging the writes for a queue that runs, suspended or not. When this returns, no lane writes to a previous log. A
     * queue that starts is logged according to its {@link QueueSetup#log}.
     *
     * @param index index of the virtqueue
     * @param log the log; null to stop logging
     */
    void logQueue(int index, @Nullable QueueLog log);

    /**
     * Returns the position of a running queue that the device does not process, because it is suspended.
     *
     * @param index index of the virtqueue
     * @return the position, as in SET_VRING_BASE
     */
    int position(int index);

    /**
     * Suspends a running queue until {@link #resumeQueue}, for example because the front-end's IOMMU has invalidated the memory of its
     * ring. Before this returns, all popped chains are used and published, and the driver is interrupted. The queue still counts as
     * running.
     *
     * @param index index of the virtqueue
     */
    void suspendQueue(int index);

    /**
     * Resumes a suspended queue at its position, because its ring is accessible again in the same memory.
     *
     * @param index index of the virtqueue
     */
    void resumeQueue(int index);

    /**
     * Enables or disables a queue that runs.
     *
     * @param index index of the virtqueue
     * @param enabled whether it is enabled; for a disabled queue the device discards transmitted frames and delivers none
     */
    void enableQueue(int index, boolean enabled);

    /**
     * Replaces the call descriptor of a running queue. The new one is used for every notification from now on, and is signalled once,
     * because the driver may have missed a notification in between.
     *
     * @param index index of the virtqueue
     * @param call the descriptor, or null when the driver polls
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void callChanged(int index, @Nullable Fd call) throws RefusedException;

    /**
     * Replaces the error descriptor of a queue that runs.
     *
     * @param index index of the virtqueue
     * @param err the descriptor, or null
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void errChanged(int index, @Nullable Fd err) throws RefusedException;

    /**
     * Sets the descriptor that is signalled after pages were marked in the dirty page log. It is signalled at most once for each burst of a
     * queue, and only while queues are logged.
     *
     * @param written the descriptor, which replaces the previous one; null when the session ends
     * @throws RefusedException when it cannot be used; the previous one stays in use
     */
    void logSignal(@Nullable Fd written) throws RefusedException;

    /**
     * Resets the device, after all queues were stopped. The offered features, the memory table and the descriptors stay.
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
     * Sets the back-end channel, the socket for requests of the back-end to the front-end.
     *
     * @param channel the socket, which replaces the previous one; null when the session ends
     * @param protocol the acknowledged protocol features, which determine the requests that may be sent
     */
    void backendChannel(@Nullable Fd channel, Set<ProtocolFeature> protocol);

    /**
     * Executes SEND_RARP: sends a RARP to the network for a guest that has migrated to this back-end and cannot announce itself.
     *
     * @param mac MAC address of the guest, 6 bytes
     * @throws RefusedException when the announcement cannot be sent; the front-end gets an error
     */
    void announce(byte[] mac) throws RefusedException;

    /**
     * Starts to write the device state that migrates with the guest. Called while no queue is started, possibly after SET_STATUS with 0. A
     * transfer in progress is abandoned.
     *
     * @param to descriptor to write to; owned by the device, which closes it at the end of the transfer, also when this throws
     * @throws RefusedException when the state cannot be saved; the front-end gets an error
     */
    void saveState(Fd to) throws RefusedException;

    /**
     * Starts to read the device state of the migration's source. Called while no queue is started; features and memory may be set later. A
     * transfer in progress is abandoned.
     *
     * @param from descriptor to read from; owned by the device, which closes it at the end of the transfer, also when this throws
     * @throws RefusedException when a state cannot be loaded; the front-end gets an error
     */
    void loadState(Fd from) throws RefusedException;

    /**
     * Executes CHECK_DEVICE_STATE: ends a transfer of the device state. The front-end has transferred all bytes by now, so a transfer that
     * cannot be completed without waiting has failed. A loaded state takes effect only if all of it is valid.
     *
     * @param answer called once by the session's thread, before this returns or later: empty when the state was
     *     transferred, otherwise the reason for the failure
     */
    void checkState(Consumer<Optional<String>> answer);

    /**
     * Reports an error that does not end the connection, or the end of such an error.
     *
     * @param line the report, one line for the user
     */
    void report(String line);
}
