// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.vhost4j.device.Pollable;
import org.vhost4j.device.frame.CountedPort;
import org.vhost4j.device.frame.Frame;
import org.vhost4j.device.frame.FrameSink;
import org.vhost4j.device.offload.Frames;
import org.vhost4j.device.stats.PortCounters;
import org.vhost4j.host.lane.Lane;
import org.vhost4j.vhostuser.server.Uplink;

/** A port other than a guest, without offloads, that returns every frame with its addresses swapped. */
final class Reflector implements CountedPort, Pollable, Uplink.Opened {
    /** What it was told that guests take, in order; after the name of the thread that told it. */
    final Queue<String> told = new ConcurrentLinkedQueue<>();

    private final MemorySegment memory = Arena.ofAuto().allocate(Frame.MAX_BYTES);
    private final Frame frame = new Frame();
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private final PortCounters counters = new PortCounters();
    private final FrameSink sink;
    private final Lane lane;

    Reflector(Lane lane, FrameSink sink) {
        this.lane = lane;
        this.sink = sink;
        lane.add(this);
    }

    @Override
    public int accepts() {
        return 0;
    }

    @Override
    public int deliver(Frame taken) {
        waiting.add(Frames.bytes(taken));
        counters.out(taken.bytes, false);
        return DELIVERED;
    }

    @Override
    public int poll() {
        int work = 0;
        for (byte[] next = waiting.peek(); next != null; next = waiting.peek()) {
            MemorySegment.copy(next, 6, memory, ValueLayout.JAVA_BYTE, 0, 6);
            MemorySegment.copy(next, 0, memory, ValueLayout.JAVA_BYTE, 6, 6);
            MemorySegment.copy(next, 12, memory, ValueLayout.JAVA_BYTE, 12, next.length - 12);
            frame.clear();
            work++;
            if (frame.add(memory.address(), next.length) && sink.forward(this, frame) == NO_ROOM) {
                break;
            }
            waiting.remove();
        }
        sink.flush();
        return work;
    }

    @Override
    public void flush() {}

    @Override
    public boolean arm() {
        return !waiting.isEmpty();
    }

    @Override
    public void disarm() {}

    @Override
    public void fault(String reason) {
        throw new IllegalStateException(reason);
    }

    @Override
    public String name() {
        return "reflector";
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public CountedPort port() {
        return this;
    }

    @Override
    public void guestsAccept(int offloads) {
        told.add(Thread.currentThread().getName() + " " + offloads);
    }

    @Override
    public void close() {
        lane.remove(this);
    }
}
