// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;

/** A split ring of a {@link SmallBackEnd}, by the letter of the specification, one fault excepted. */
final class SmallQueue {
    /** A buffer of a chain. */
    record Buffer(long address, int length, boolean writable) {}

    /** A chain that was taken. */
    record Chain(int head, List<Buffer> buffers) {}

    private final SmallMemory memory;
    private final SmallInflight inflight;
    private final int number;
    private final boolean transmits;
    private final Fault fault;
    private int size;
    private long desc;
    private long avail;
    private long used;
    private int lastAvail;
    private int usedIdx;
    private boolean started;
    private boolean enabled;
    private long kicks;
    private boolean late;
    private boolean dead;
    private boolean wasDisabled;
    private boolean addressed;
    private boolean begun = true;
    private int interrupts;
    private int usedChains;
    private int held;
    private int holds;
    private @Nullable EventFd kick;
    private @Nullable EventFd call;
    private SmallInflight.@Nullable Region region;
    private final ArrayDeque<Integer> again = new ArrayDeque<>();

    /** {@code number} is its index; the transmit queue is 1. */
    SmallQueue(SmallMemory memory, SmallInflight inflight, int number, Fault fault) {
        this.memory = memory;
        this.inflight = inflight;
        this.number = number;
        this.transmits = number == 1;
        this.fault = fault;
    }

    void reset() {
        started = false;
        enabled = false;
        late = false;
        dead = false;
        wasDisabled = false;
        addressed = false;
        lastAvail = 0;
        usedIdx = 0;
        held = 0;
        holds = 0;
        region = null;
        again.clear();
        close(kick);
        close(call);
        kick = null;
        call = null;
    }

    private static void close(@Nullable EventFd fd) {
        if (fd != null) {
            fd.close();
        }
    }

    void size(int entries) {
        if (Integer.bitCount(entries) != 1 || entries > RingDriver.MAX_SIZE) {
            throw new SmallMemory.Outside();
        }
        size = entries;
    }

    void base(int index) {
        if (fault == Fault.BASE_TOO_LATE && addressed) {
            throw new SmallBackEnd.Refused();
        }
        if (fault == Fault.NO_NEW_DRIVER && index == 0) {
            return;
        }
        lastAvail = fault == Fault.IGNORED_BASE ? 0 : fault == Fault.REPEATED && index > 0 ? index - 1 : index;
        usedIdx = fault == Fault.IGNORED_BASE ? 0 : index;
    }

    void addresses(ByteBuffer payload) {
        payload.getInt();
        addressed = true;
        desc = payload.getLong();
        used = payload.getLong();
        avail = payload.getLong();
    }

    void enable(boolean on) {
        wasDisabled |= enabled && !on;
        enabled = on && !(fault == Fault.STAYS_DISABLED && wasDisabled);
    }

    void kick(List<Fd> descriptors) {
        close(kick);
        kick = descriptors.isEmpty() ? null : adopt(descriptors.getFirst());
        started = true;
        region = inflight.of(number, size);
        again.clear();
        begun = region == null;
        kicks = fault == Fault.SECOND_KICK && transmits && available() > 0 ? 0 : 2;
    }

    void call(List<Fd> descriptors) {
        if (fault == Fault.OLD_CALL && call != null) {
            return;
        }
        close(call);
        call = descriptors.isEmpty() ? null : adopt(descriptors.getFirst());
    }

    private static EventFd adopt(Fd fd) {
        try {
            return EventFd.adopt(fd.duplicate(), "descriptor");
        } catch (RuntimeException e) {
            throw new SmallMemory.Outside();
        }
    }

    /** Stops, and returns where it would continue. */
    int stop(boolean receives) {
        boolean counts = fault == Fault.BASE_COUNTS_AVAIL && receives && started;
        int base = switch (fault) {
            case VRING_BASE -> lastAvail + 1;
            case BASE_ZERO -> 0;
            default -> counts ? lastAvail + available() & 0xffff : lastAvail;
        };
        started = started && fault == Fault.NO_STOP;
        addressed = false;
        late = fault == Fault.LATE_WRITE;
        return base;
    }

    /** Stops because the device is reset. */
    void halt(boolean forGood) {
        started = false;
        addressed = false;
        dead = forGood;
    }

    /** What a faulty back-end does in every turn after it has answered, so that the front-end sees it whenever it looks. */
    void afterStop() {
        if (late) {
            usedIdx = usedIdx + 1 & 0xffff;
            long at = memory.toGuest(used);
            memory.at(at, 4).put16(at + 2, usedIdx);
        }
    }

    boolean enabled() {
        return enabled;
    }

    /** How many chains an interrupt waits for: 0 except with a fault. */
    void holdInterrupts(int chains) {
        holds = chains;
        held = 0;
    }

    /** Finds the chains that another back-end had taken. */
    private void begin() {
        SmallInflight.Region records = region;
        begun = true;
        if (records != null) {
            long at = memory.toGuest(used);
            usedIdx = part(used, 4).get16(at + 2);
            List<Integer> heads = records.begin(usedIdx);
            lastAvail = usedIdx + (fault == Fault.INFLIGHT_TWICE ? 0 : heads.size()) & 0xffff;
            if (fault != Fault.INFLIGHT_LOST) {
                again.addAll(heads);
            }
        }
    }

    boolean runs() {
        if (dead || (fault == Fault.NEEDS_CALL && call == null)) {
            return false;
        }
        if (started && kicks < 2) {
            EventFd event = kick;
            kicks += event == null ? 0 : event.drain();
            return kicks >= 2;
        }
        return started;
    }

    /** The ring's parts are given by the front-end's own addresses. */
    private DriverMemory part(long user, int bytes) {
        return memory.at(memory.toGuest(user), bytes);
    }

    int available() {
        if (!begun) {
            begin();
        }
        long at = memory.toGuest(avail);
        int idx = part(avail, 4).get16(at + 2);
        int count = idx - lastAvail & 0xffff;
        if (count > size) {
            throw new SmallMemory.Outside();
        }
        VarHandle.acquireFence();
        return count + again.size();
    }

    Chain take() {
        Integer before = again.poll();
        int head = before == null ? next() : before;
        if (region != null) {
            if (head >= size) {
                throw new SmallMemory.Outside();
            }
            region.take(head);
        }
        List<Buffer> buffers = new ArrayList<>();
        int index = head;
        int flags;
        do {
            if (index >= size || buffers.size() >= size) {
                throw new SmallMemory.Outside();
            }
            long entry = memory.toGuest(desc) + 16L * index;
            DriverMemory table = memory.at(entry, 16);
            flags = table.get16(entry + 12);
            if ((flags & RingDriver.INDIRECT) != 0 && fault != Fault.NO_TABLES) {
                indirect(table.get64(entry), table.get32(entry + 8), buffers);
            } else {
                buffers.add(new Buffer(table.get64(entry), table.get32(entry + 8), (flags & RingDriver.WRITE) != 0));
            }
            index = table.get16(entry + 14);
        } while ((flags & RingDriver.NEXT) != 0);
        return new Chain(head, buffers);
    }

    private int next() {
        int entries = fault == Fault.SIZE_256 ? Math.min(size, 256) : size;
        long at = memory.toGuest(avail) + 4 + 2L * (lastAvail % entries);
        int head = memory.at(at, 2).get16(at);
        lastAvail = lastAvail + 1 & 0xffff;
        return head;
    }

    private void indirect(long address, int bytes, List<Buffer> buffers) {
        int entries = bytes / 16;
        int index = 0;
        int flags;
        do {
            if (index >= entries || buffers.size() > RingDriver.MAX_SIZE) {
                throw new SmallMemory.Outside();
            }
            long entry = address + 16L * index;
            DriverMemory table = memory.at(entry, 16);
            flags = table.get16(entry + 12);
            buffers.add(new Buffer(table.get64(entry), table.get32(entry + 8), (flags & RingDriver.WRITE) != 0));
            index = table.get16(entry + 14);
        } while ((flags & RingDriver.NEXT) != 0 && fault != Fault.FIRST_OF_TABLE);
    }

    /** Takes chains back that were not used after all. */
    void putBack(List<Chain> chains) {
        lastAvail = lastAvail - chains.size() & 0xffff;
        if (region != null) {
            chains.forEach(chain -> region.release(chain.head()));
        }
    }

    /** Writes a used element, which the driver sees after {@link #publish}. */
    void use(Chain chain, int length) {
        usedChains++;
        boolean eighth = usedChains % 8 == 0;
        int head = fault == Fault.WRONG_HEAD && eighth ? (chain.head() + 1) % size : chain.head();
        element(head, length);
        if (fault == Fault.USED_TWICE && eighth) {
            element(head, length);
        }
        if (region != null) {
            region.use(chain.head());
        }
        held++;
    }

    private void element(int head, int length) {
        long at = memory.toGuest(used) + 4 + 8L * (usedIdx % size);
        DriverMemory ring = memory.at(at, 8);
        ring.put32(at, head);
        ring.put32(at + 4, length);
        markRing(at, 8);
        usedIdx = usedIdx + 1 & 0xffff;
    }

    private void markRing(long at, int bytes) {
        if (fault != Fault.UNMARKED_RING) {
            memory.mark(at, bytes);
        }
    }

    void publish() {
        long at = memory.toGuest(used);
        VarHandle.releaseFence();
        memory.at(at, 4).put16(at + 2, usedIdx);
        markRing(at, 4);
        VarHandle.fullFence();
        if (region != null) {
            region.published(usedIdx);
        }
        if (held < holds) {
            return;
        }
        held = 0;
        long flagsAt = memory.toGuest(avail);
        boolean wanted = (memory.at(flagsAt, 2).get16(flagsAt) & 1) == 0;
        EventFd event = call;
        interrupts++;
        boolean lost = fault == Fault.LOST_INTERRUPT && interrupts % 8 == 0;
        if (event != null && !lost && (wanted || fault == Fault.UNWANTED_INTERRUPT)) {
            event.signal();
        }
    }
}
