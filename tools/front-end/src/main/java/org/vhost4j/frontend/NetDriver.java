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
 * A guest's virtio-net driver behind a front-end: negotiates, starts the queues, sends and receives frames, and checks what
 * the device does by virtio 1.4 section 5.1.
 */
public final class NetDriver extends NetQueues {
    private final List<DeviceWrite> writes = new ArrayList<>();

    private NetDriver(FrontEnd frontEnd, NetSetup setup, long features) {
        super(frontEnd, setup, features);
    }

    /**
     * Connects to a back-end that listens and brings the device up.
     *
     * @param path the back-end's socket
     * @param setup features, queues and memory to set up
     * @return a driver whose queues run
     */
    public static NetDriver attach(Path path, NetSetup setup) {
        return attach(FrontEnd.connect(path), setup);
    }

    /**
     * Brings the device up.
     *
     * @param frontEnd a fresh connection; closed when this fails, else by {@link #close}
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
     * Negotiates and prepares guest memory and queues, without telling the back-end of them.
     *
     * @param frontEnd a fresh connection; closed when this fails, else by {@link #close}
     * @param setup features, queues and memory to set up
     * @return a driver to be started
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
     * Prepares guest memory and queues on a connection on which everything was acknowledged already, without telling the back-end of
     * them. There is a control queue when CTRL_VQ was acknowledged and is wanted too: a back-end without a config space
     * leaves it to its front-end.
     *
     * @param frontEnd the connection; closed when this fails, else by {@link #close}
     * @param setup how to set up the queues
     * @return a driver to be started
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

    /** Records from now on what the device writes, for {@link #writes}. */
    public void recordWrites() {
        writes.clear();
        receivers.forEach(receiver -> receiver.record(writes));
        queues().forEach(FrontEndQueue::record);
    }

    /**
     * What the device has written since {@link #recordWrites}, as far as the driver can see: receive buffers of the frames that
     * were taken, and what it wrote last in each ring: index and element of a split ring; of a packed ring the descriptor before
     * the next one, which is right when the last chain had one descriptor.
     *
     * @return pieces of guest memory
     */
    public List<DeviceWrite> writes() {
        List<DeviceWrite> all = new ArrayList<>(writes);
        queues().forEach(queue -> all.addAll(queue.lastWrites()));
        return all;
    }

    /**
     * The receive buffers among {@link #writes}: what a device has written completely before the driver sees it.
     *
     * @return pieces of guest memory
     */
    public List<DeviceWrite> receivedWrites() {
        return List.copyOf(writes);
    }

    /**
     * From now on, replaces each used receive buffer by one in another region.
     *
     * @param pair which receive queue
     * @param region of {@link #guestRam}
     */
    public void receiveInto(int pair, Ram region) {
        receivers.get(pair).memory(region.memory());
    }

    /**
     * The number of receive buffers that are posted in a region.
     *
     * @param pair which receive queue
     * @param region of {@link #guestRam}
     * @return 0 when the region may be taken away as far as this queue is concerned
     */
    public int receiveBuffersIn(int pair, Ram region) {
        return receivers.get(pair).buffersIn(region.memory());
    }

    /**
     * From now on sends from buffers in another region, when all that was sent before has been used.
     *
     * @param pair which transmit queue
     * @param region of {@link #guestRam}
     */
    public void sendFrom(int pair, Ram region) {
        transmitters.get(pair).memory(region.memory(), deadline());
    }

    /**
     * Sends a frame that needs no offload, by pair 0, in one descriptor where that is allowed.
     *
     * @param frame from the destination MAC address on
     */
    public void send(byte[] frame) {
        send(frame, DriverHeader.PLAIN);
    }

    /**
     * Sends a frame by pair 0, in one descriptor where that is allowed.
     *
     * @param frame from the destination MAC address on
     * @param header any header
     */
    public void send(byte[] frame, DriverHeader header) {
        boolean anyLayout = Feature.VERSION_1.in(features()) || Feature.ANY_LAYOUT.in(features());
        send(0, frame, header, anyLayout ? ChainShape.TOGETHER : ChainShape.HEADER_APART);
    }

    /**
     * Sends a frame.
     *
     * @param pair by which transmit queue
     * @param frame from the destination MAC address on
     * @param header any header
     * @param shape how it is laid out
     */
    public void send(int pair, byte[] frame, DriverHeader header, ChainShape shape) {
        Transmitter transmitter = transmitters.get(pair);
        transmitter.offer(header.toBytes(headerBytes()), frame, shape, deadline());
        transmitter.queue().publish();
    }

    /**
     * Sends several frames of one kind with one notification at most.
     *
     * @param pair by which transmit queue
     * @param frames each from the destination MAC address on
     * @param header any header
     * @param shape how each is laid out
     */
    public void sendBurst(int pair, List<byte[]> frames, DriverHeader header, ChainShape shape) {
        Transmitter transmitter = transmitters.get(pair);
        Deadline deadline = deadline();
        for (byte[] frame : frames) {
            transmitter.offer(header.toBytes(headerBytes()), frame, shape, deadline);
        }
        transmitter.queue().publish();
    }

    /** Waits until the device has used every frame that was sent. */
    public void awaitSent() {
        Deadline deadline = deadline();
        for (Transmitter transmitter : transmitters) {
            transmitter.awaitSent(deadline);
        }
    }

    /**
     * Waits for a frame on pair 0.
     *
     * @return the frame
     * @throws FrontEndException.TimedOut when none came in time
     */
    public ReceivedFrame receive() {
        return receive(0);
    }

    /**
     * Waits for a frame.
     *
     * @param pair by which receive queue
     * @return the frame
     * @throws FrontEndException.TimedOut when none came in time
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
     * Waits for a frame on any pair.
     *
     * @param patience the longest time to wait
     * @return the frame, or nothing when none came
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
     * Takes a frame that has arrived already.
     *
     * @param pair by which receive queue
     * @return the frame, or nothing
     */
    public Optional<ReceivedFrame> poll(int pair) {
        return Optional.ofNullable(receivers.get(pair).poll());
    }

    /**
     * Whether receive buffers are posted again when their frame was taken; they are unless this is called.
     *
     * @param pair which receive queue
     * @param on false keeps them back, permanently
     */
    public void repost(int pair, boolean on) {
        receivers.get(pair).reposts(on);
    }

    /**
     * Gives a control command.
     *
     * @param commandClass such as {@link Control#RX}
     * @param command of that class
     * @param data what the command takes
     * @return {@link Control#OK}, {@link Control#ERR}, or whatever the device wrote
     */
    public int control(int commandClass, int command, byte... data) {
        return requireControl().command(commandClass, command, data, false, deadline());
    }

    /**
     * Gives a control command that must be carried out and has a result.
     *
     * @param commandClass such as {@link Control#STATS}
     * @param command of that class
     * @param room for the result, in bytes
     * @param data what the command takes
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
     * Gives a control command in an indirect table.
     *
     * @param commandClass such as {@link Control#RX}
     * @param command of that class
     * @param data what the command takes
     * @return {@link Control#OK}, {@link Control#ERR}, or whatever the device wrote
     */
    public int controlIndirect(int commandClass, int command, byte... data) {
        return requireControl().command(commandClass, command, data, true, deadline());
    }

    private Deadline deadline() {
        return Deadline.in(frontEnd().patience());
    }
}
