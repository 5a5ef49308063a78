// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import org.vhost4j.device.driver.DeviceViolationException;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;

/** The driver's side of the control queue, which sends one command at a time. */
final class ControlQueue {
    private static final int DATA_BYTES = 8192;
    private static final int NO_ANSWER = 0xa5;

    private final FrontEndQueue queue;
    private final DriverMemory memory;
    private final long header;
    private final long data;
    private final long ack;
    private final long result;

    ControlQueue(FrontEndQueue queue, DriverMemory memory) {
        this.queue = queue;
        this.memory = memory;
        this.header = memory.allocate(2, 8);
        this.data = memory.allocate(DATA_BYTES, 8);
        this.ack = memory.allocate(1, 8);
        this.result = memory.allocate(DATA_BYTES, 8);
    }

    FrontEndQueue queue() {
        return queue;
    }

    /**
     * Sends a command as Linux does, with separate descriptors for class and command, data, and answer; returns the
     * answer.
     */
    int command(int commandClass, int command, byte[] bytes, boolean indirect, Deadline deadline) {
        byte[] nothing = question(commandClass, command, bytes, 0, indirect, deadline);
        if (nothing.length != 0) {
            throw new DeviceViolationException("control queue " + queue.index() + ": command " + commandClass + "/"
                    + command + " has a result of " + nothing.length + " bytes, but no result buffer was given");
        }
        return answer();
    }

    /** Returns the ack byte of the last command. */
    int answer() {
        return memory.get8(ack);
    }

    /** Sends a command with a buffer for a result of at most {@value #DATA_BYTES} bytes; returns the result. */
    byte[] question(int commandClass, int command, byte[] bytes, int room, boolean indirect, Deadline deadline) {
        memory.put8(header, commandClass);
        memory.put8(header + 1, command);
        memory.write(data, bytes, 0, bytes.length);
        memory.put8(ack, NO_ANSWER);
        RingDriver ring = queue.ring();
        if (indirect) {
            ring.beginIndirect();
        } else {
            ring.begin();
        }
        ring.readable(header, 2);
        if (bytes.length > 0) {
            ring.readable(data, bytes.length);
        }
        ring.writable(ack, 1);
        if (room > 0) {
            ring.writable(result, room);
        }
        int id = ring.offer();
        queue.publish();
        if (!queue.awaitUsed(deadline)) {
            throw deadline.timedOut("answer to control command " + commandClass + "/" + command);
        }
        if (!ring.collect() || ring.usedId() != id || ring.usedLength() < 1 || ring.usedLength() > 1 + room) {
            throw new DeviceViolationException("control queue " + queue.index() + ": command " + commandClass + "/"
                    + command + " was used with id " + ring.usedId() + " and length " + ring.usedLength());
        }
        return memory.read(result, ring.usedLength() - 1);
    }
}
