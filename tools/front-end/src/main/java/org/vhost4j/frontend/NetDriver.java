// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.device.driver.DriverHeader;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * A guest's virtio-net driver on a front-end. It negotiates features, starts the queues, sends and receives frames, and checks that the
 * device conforms to virtio 1.4 section 5.1.
 */
public final class NetDriver extends NetQueues {
    private final List<DeviceWrite> writes = new ArrayList<>();

    private NetDriver(FrontEnd frontEnd, NetSetup setup, long features) {
        super(frontEnd, setup, features);
    }

    /**
     * Connects to a back-end that listens, and negotiates and starts the device.
     *
     * @param path the path of the back-end's socket
     * @param setup features, queues and memory to set up
     * @return a driver whose queues run
     */
    public static NetDriver attach(Path path, NetSetup setup) {
        return attach(FrontEnd.connect(path), setup);
    }

    /**
     * Negotiates and starts the device.
     *
     * @param frontEnd a new connection, closed on failure, otherwise by {@link #close}
     * @param setup features, queues and memory to set up
     * @return a driver whose queues run
     */
    public static NetDriver attach(FrontEnd frontEnd, NetSetup setup) {
        NetDriver driver = negotiated(frontEnd, setup);
        try {
            driver.start();
            return driver;
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    /**
     * Negotiates features, and prepares guest memory and queues without sending them to the back-end.
     *
     * @param frontEnd a new connection, closed on failure, otherwise by {@link #close}
     * @param setup features, queues and memory to set up
     * @return a driver that is ready to be started
     */
    public static NetDriver negotiated(FrontEnd frontEnd, NetSetup setup) {
        try {
            negotiate(frontEnd, setup);
        } catch (RuntimeException e) {
            frontEnd.close();
            throw e;
        }
        return over(frontEnd, setup);
    }

    /**
     * Prepares guest memory and queues without sending them to the back-end, on a connection on which all features were already
     * acknowledged. There is a control queue when CTRL_VQ was acknowledged and the setup requests it. A back-end without a config space
     * leaves the control queue to its front-end.
     *
     * @param frontEnd the connection, closed on failure, otherwise by {@link #close}
     * @param setup the setup of the queues
     * @return a driver that is ready to be started
     */
    public static NetDriver over(FrontEnd frontEnd, NetSetup setup) {
        NetDriver driver;
        try {
            driver = new NetDriver(frontEnd, setup, frontEnd.features());
        } catch (RuntimeException e) {
            frontEnd.close();
            throw e;
        }
        try {
            driver.layOut();
            return driver;
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    private static void negotiate(FrontEnd frontEnd, NetSetup setup) {
        long offered = frontEnd.getFeatures();
        long acknowledged = offered & setup.features();
        if (Feature.PROTOCOL_FEATURES.in(offered) && setup.protocolFeatures() != 0) {
            acknowledged |= Feature.PROTOCOL_FEATURES.mask();
            frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures() & setup.protocolFeatures());
        }
        frontEnd.setOwner();
        if (ProtocolFeature.STATUS.in(frontEnd.protocolFeatures())) {
            frontEnd.setStatus(ACKNOWLEDGE_DRIVER);
        }
        frontEnd.setFeatures(acknowledged);
        if (ProtocolFeature.STATUS.in(frontEnd.protocolFeatures())) {
            frontEnd.setStatus(ACKNOWLEDGE_DRIVER | FEATURES_OK);
        }
    }

    /** Starts recording the device's writes, for {@link #writes}. */
    public void recordWrites() {
        writes.clear();
        receivers.forEach(receiver -> receiver.record(writes));
        queues().forEach(FrontEndQueue::record);
    }

    /**
     * Returns the device's writes since {@link #recordWrites}, as far as the driver can determine: receive buffers of the frames that were
     * received, and the last write to each ring. For a split ring these are the index and the element; for a packed ring it is the
     * descriptor before the next position, which is correct only when the last chain had one descriptor.
     *
     * @return the written ranges of guest memory
     */
    public List<DeviceWrite> writes() {
        List<DeviceWrite> all = new ArrayList<>(writes);
        queues().forEach(queue -> all.addAll(queue.lastWrites()));
        return all;
    }

    /**
     * Returns the ranges of {@link #writes} that are receive buffers. A device has written these completely before the driver sees them as
     * used.
     *
     * @return the written ranges of guest memory
     */
    public List<DeviceWrite> receivedWrites() {
        return List.copyOf(writes);
    }

    /**
     * Sets the region in which receive buffers are posted: each used buffer is replaced by one in that region.
     *
     * @param pair the number of the queue pair, from 0
     * @param region a region of {@link #guestRam}
     */
    public void receiveInto(int pair, Ram region) {
        receivers.get(pair).memory(region.memory());
    }

    /**
     * Returns the number of receive buffers that are posted in a region.
     *
     * @param pair the number of the queue pair, from 0
     * @param region a region of {@link #guestRam}
     * @return the number; 0 when this queue no longer needs the region
     */
    public int receiveBuffersIn(int pair, Ram region) {
        return receivers.get(pair).buffersIn(region.memory());
    }

    /**
     * Sets the region of the transmit buffers, after waiting until the device has used all frames that were sent before.
     *
     * @param pair the number of the queue pair, from 0
     * @param region a region of {@link #guestRam}
     */
    public void sendFrom(int pair, Ram region) {
        transmitters.get(pair).memory(region.memory(), deadline());
    }

    /**
     * Sends a frame that needs no offload on queue pair 0, in one descriptor where that is allowed.
     *
     * @param frame the frame, from the destination MAC address on
     */
    public void send(byte[] frame) {
        send(frame, DriverHeader.PLAIN);
    }

    /**
     * Sends a frame on queue pair 0, in one descriptor where that is allowed.
     *
     * @param frame the frame, from the destination MAC address on
     * @param header the virtio-net header
     */
    public void send(byte[] frame, DriverHeader header) {
        boolean anyLayout = Feature.VERSION_1.in(features()) || Feature.ANY_LAYOUT.in(features());
        send(0, frame, header, anyLayout ? ChainShape.TOGETHER : ChainShape.HEADER_APART);
    }

    /**
     * Sends a frame.
     *
     * @param pair the number of the queue pair, from 0
     * @param frame the frame, from the destination MAC address on
     * @param header the virtio-net header
     * @param shape how header and frame are divided into descriptors
     */
    public void send(int pair, byte[] frame, DriverHeader header, ChainShape shape) {
        Transmitter transmitter = transmitters.get(pair);
        transmitter.offer(header.toBytes(headerBytes()), frame, shape, deadline());
        transmitter.queue().publish();
    }

    /**
     * Sends several frames with the same header, and with at most one notification.
     *
     * @param pair the number of the queue pair, from 0
     * @param frames the frames, each from the destination MAC address on
     * @param header the virtio-net header of each frame
     * @param shape how each frame is divided into descriptors
     */
    public void sendBurst(int pair, List<byte[]> frames, DriverHeader header, ChainShape shape) {
        Transmitter transmitter = transmitters.get(pair);
        Deadline deadline = deadline();
        for (byte[] frame : frames) {
            transmitter.offer(header.toBytes(headerBytes()), frame, shape, deadline);
        }
        transmitter.queue().publish();
    }

    /** Waits until the device has used the buffers of all frames sent. */
    public void awaitSent() {
        Deadline deadline = deadline();
        for (Transmitter transmitter : transmitters) {
            transmitter.awaitSent(deadline);
        }
    }

    /**
     * Waits for a frame on queue pair 0.
     *
     * @return the frame
     * @throws FrontEndException.TimedOut when no frame arrived in time
     */
    public ReceivedFrame receive() {
        return receive(0);
    }

    /**
     * Waits for a frame on a queue pair.
     *
     * @param pair the number of the queue pair, from 0
     * @return the frame
     * @throws FrontEndException.TimedOut when no frame arrived in time
     */
    public ReceivedFrame receive(int pair) {
        Deadline deadline = deadline();
        Receiver receiver = receivers.get(pair);
        while (true) {
            ReceivedFrame frame = receiver.poll();
            if (frame != null) {
                return frame;
            }
            if (!receiver.queue().awaitUsed(deadline)) {
                throw deadline.timedOut(
                        "frame in receive queue " + receiver.queue().index());
            }
        }
    }

    /**
     * Waits for a frame on any queue pair.
     *
     * @param patience the longest time to wait
     * @return the frame, or nothing when none arrived in time
     */
    public Optional<ReceivedFrame> receiveAny(Duration patience) {
        Deadline deadline = Deadline.in(patience);
        do {
            for (Receiver receiver : receivers) {
                ReceivedFrame frame = receiver.poll();
                if (frame != null) {
                    return Optional.of(frame);
                }
            }
            Thread.onSpinWait();
        } while (!deadline.passed());
        return Optional.empty();
    }

    /**
     * Returns the next frame that has already arrived, without waiting.
     *
     * @param pair the number of the queue pair, from 0
     * @return the frame, or nothing when there is none
     */
    public Optional<ReceivedFrame> poll(int pair) {
        return Optional.ofNullable(receivers.get(pair).poll());
    }

    /**
     * Sets whether receive buffers are posted again after their frame was received; by default they are.
     *
     * @param pair the number of the queue pair, from 0
     * @param on whether to post buffers again; buffers that are not posted again are lost permanently
     */
    public void repost(int pair, boolean on) {
        receivers.get(pair).reposts(on);
    }

    /**
     * Sends a control command.
     *
     * @param commandClass the class, such as {@link Control#RX}
     * @param command the command of that class
     * @param data the command-specific data
     * @return the device's answer: {@link Control#OK}, {@link Control#ERR}, or any other byte that it wrote
     */
    public int control(int commandClass, int command, byte... data) {
        return requireControl().command(commandClass, command, data, false, deadline());
    }

    /**
     * Sends a control command that must succeed and has a result.
     *
     * @param commandClass the class, such as {@link Control#STATS}
     * @param command the command of that class
     * @param room the size of the result buffer, in bytes
     * @param data the command-specific data
     * @return the result
     * @throws DeviceViolationException when the device refuses it
     */
    public byte[] question(int commandClass, int command, int room, byte... data) {
        ControlQueue queue = requireControl();
        byte[] result = queue.question(commandClass, command, data, room, false, deadline());
        if (queue.answer() != Control.OK) {
            throw new DeviceViolationException(
                    "command " + commandClass + "/" + command + " was answered with " + queue.answer());
        }
        return result;
    }

    /**
     * Sends a control command in an indirect table.
     *
     * @param commandClass the class, such as {@link Control#RX}
     * @param command the command of that class
     * @param data the command-specific data
     * @return the device's answer: {@link Control#OK}, {@link Control#ERR}, or any other byte that it wrote
     */
    public int controlIndirect(int commandClass, int command, byte... data) {
        return requireControl().command(commandClass, command, data, true, deadline());
    }

    private Deadline deadline() {
        return Deadline.in(frontEnd().patience());
    }
}
