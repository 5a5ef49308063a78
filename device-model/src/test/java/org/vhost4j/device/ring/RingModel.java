// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.MigratedMemory;

/**
 * A driver and a device on one ring of either format, and checks after every step. Each chain is popped once, in order
 * and with the contents that were offered. It is returned once, with the written length, and not before it was
 * published. A sleeping side is woken by the event for which it waits, and not by events that it has disabled. If
 * writes are logged, the copy of the memory equals the memory whenever no chain waits to be published.
 */
final class RingModel {
    /** A step of driver or device. A step that is impossible in the current state is not executed. */
    enum Step {
        OFFER_READABLE,
        OFFER_WRITABLE,
        OFFER_BOTH,
        OFFER_TABLE,
        SHOW,
        POP,
        POP_READABLE_TOGETHER,
        POP_WRITABLE_TOGETHER,
        UNPOP,
        USE,
        USE_TOGETHER,
        PUBLISH,
        DEVICE_SLEEPS,
        DEVICE_WAITS_FOR_MORE,
        COLLECT,
        DRIVER_SLEEPS,
        DRIVER_SLEEPS_FOR_TWO,
        DEVICE_WAKES,
        DRIVER_WAKES,
        RESTART,
        LOG_OR_NOT
    }

    /** The format and size of a ring, and the features negotiated for it. */
    record Shape(boolean packed, int size, boolean eventIdx, boolean indirect, boolean inOrder) {}

    private record Sent(int id, long address, int readable, int writable) {}

    private record Back(int id, int written) {}

    static final long BASE = 0x1_0000_0000L;
    private static final int PIECE = 64;

    final RingDriver driver;
    Virtqueue device;

    private final @Nullable MigratedMemory migrated;
    private boolean logged;
    private byte contents;

    private final Shape shape;
    private final RingFeatures features;
    private final MemorySegment memory;
    private final GuestMemory table;
    private final long memoryOfBuffers;
    private final Chain chain;
    private final Buffers buffers = new Buffers();

    private final Deque<Sent> hidden = new ArrayDeque<>();
    private final Deque<Sent> shown = new ArrayDeque<>();
    private final Deque<Sent> popped = new ArrayDeque<>();
    /** For each chain in {@link #popped}, its {@link Chain#id}. */
    private final Deque<Integer> tokens = new ArrayDeque<>();

    private final Deque<Back> used = new ArrayDeque<>();
    private final Deque<Back> published = new ArrayDeque<>();
    private boolean deviceSleeps;
    private boolean driverSleeps;
    private boolean firstPublication = true;
    private int awaited;
    private int serial;
    int collected;
    int offered;

    static MemorySegment memory() {
        return Arena.ofAuto().allocate(1 << 20, 4096);
    }

    /** Creates a ring on which both sides begin at {@code base}. */
    RingModel(MemorySegment memory, Chain chain, Shape shape, int base) {
        this(memory, chain, shape, base, 0, false);
    }

    /**
     * Creates a ring whose writes are logged, {@code pad} bytes after the beginning of its memory, so that parts of it
     * are in different pages.
     */
    static RingModel migrating(MemorySegment memory, Chain chain, Shape shape, int base, int pad) {
        RingModel model = new RingModel(memory, chain, shape, base, pad, true);
        model.requireNothingLost();
        return model;
    }

    private RingModel(MemorySegment memory, Chain chain, Shape shape, int base, int pad, boolean migrates) {
        this.chain = chain;
        this.shape = shape;
        this.memory = memory;
        this.table = GuestMemory.of(List.of(new GuestRegion(BASE, memory.byteSize(), 0x7000_0000L, memory)));
        DriverMemory driverMemory = new DriverMemory(memory, BASE);
        driverMemory.allocate(pad, 1);
        RingDriver.Features negotiated = new RingDriver.Features(shape.eventIdx(), shape.inOrder());
        int capacity = shape.indirect() ? 4 : 0;
        this.driver = shape.packed()
                ? new PackedDriver(driverMemory, shape.size(), negotiated, capacity)
                : new SplitDriver(driverMemory, shape.size(), negotiated, capacity);
        this.memoryOfBuffers = driverMemory.allocate(4 * 4 * PIECE, 64);
        this.features = new RingFeatures(shape.eventIdx(), shape.indirect(), shape.inOrder(), false, false);
        driver.reset(base);
        driver.disableInterrupts();
        this.migrated = migrates ? new MigratedMemory(table, BASE + memory.byteSize()) : null;
        this.logged = migrates;
        this.device = device(base);
        device.disableNotifications();
    }

    private Virtqueue device(int base) {
        RingLayout layout = shape.packed() ? RingLayout.PACKED : RingLayout.SPLIT;
        RingParts parts = layout.parts(
                memory,
                shape.size(),
                driver.descAddress() - BASE,
                driver.availAddress() - BASE,
                driver.usedAddress() - BASE);
        Virtqueue queue = layout.open("queue 0", shape.size(), parts, table, base, features);
        return logged ? logged(queue) : queue;
    }

    private Virtqueue logged(Virtqueue queue) {
        return queue.logged(new QueueLog(Objects.requireNonNull(migrated), table, driver.usedAddress()), reason -> {
            throw new AssertionError(reason);
        });
    }

    /** Executes a step of the driver. */
    private boolean guest(BooleanSupplier step) {
        return migrated == null ? step.getAsBoolean() : migrated.guestRuns(step);
    }

    private void guest(Runnable step) {
        boolean unused = guest(() -> {
            step.run();
            return true;
        });
    }

    /** Writes bytes into a chain, as the device that reports them as written. */
    private void write(Sent sent, int bytes) {
        contents++;
        int left = bytes;
        for (int i = sent.readable; migrated != null && left > 0; i++) {
            int part = Math.min(left, PIECE - i);
            at(sent.address + (long) i * PIECE, part).fill(contents);
            left -= part;
        }
    }

    private void requireNothingLost() {
        if (migrated != null && logged && used.isEmpty()) {
            long lost = migrated.lost();
            check(
                    lost < 0,
                    () -> "guest address 0x%x was written and not marked afterwards; ring at 0x%x, 0x%x, 0x%x"
                            .formatted(lost, driver.descAddress(), driver.availAddress(), driver.usedAddress()));
        }
    }

    /** Starts or stops logging while the ring is in use. */
    private boolean logOrNot() {
        if (migrated == null || !popped.isEmpty() || !used.isEmpty()) {
            return false;
        }
        logged = !logged;
        migrated.copyAll();
        device = logged ? logged(device) : device.unlogged();
        return true;
    }

    private MemorySegment at(long guestAddress, long bytes) {
        return memory.asSlice(guestAddress - BASE, bytes);
    }

    /** Returns the memory that the two sides share. */
    MemorySegment sharedMemory() {
        return at(driver.descAddress(), (driver.usedAddress() + 64 - driver.descAddress()) & -8);
    }

    /** Returns a hash of the model's expectations, by which states are distinguished. */
    int expectation() {
        return List.of(
                        List.copyOf(hidden),
                        List.copyOf(shown),
                        List.copyOf(popped),
                        List.copyOf(used),
                        List.copyOf(published),
                        deviceSleeps,
                        driverSleeps,
                        firstPublication,
                        awaited,
                        serial & 3)
                .hashCode();
    }

    /** Executes a step; returns false when it is impossible in the current state. */
    boolean take(Step step) {
        boolean taken = tryStep(step);
        requireNothingLost();
        return taken;
    }

    private boolean tryStep(Step step) {
        return switch (step) {
            case OFFER_READABLE -> guest(() -> offer(false, 1, 0));
            case OFFER_WRITABLE -> guest(() -> offer(false, 0, 1));
            case OFFER_BOTH -> guest(() -> offer(false, 1, 1));
            case OFFER_TABLE -> shape.indirect() && guest(() -> offer(true, 2, 1));
            case SHOW -> show();
            case POP -> !deviceSleeps && pop();
            case POP_READABLE_TOGETHER -> !deviceSleeps && popTogether(false);
            case POP_WRITABLE_TOGETHER -> !deviceSleeps && popTogether(true);
            case UNPOP -> !deviceSleeps && unpop();
            case USE -> !deviceSleeps && use();
            case USE_TOGETHER -> !deviceSleeps && useTogether();
            case PUBLISH -> !deviceSleeps && publish();
            case DEVICE_SLEEPS -> !deviceSleeps && used.isEmpty() && deviceSleeps();
            case DEVICE_WAITS_FOR_MORE -> !deviceSleeps && used.isEmpty() && deviceWaitsForMore();
            case COLLECT -> !driverSleeps && collect();
            case DRIVER_SLEEPS -> !driverSleeps && driverSleeps(1);
            case DRIVER_SLEEPS_FOR_TWO -> !driverSleeps && driver.inFlight() > 1 && driverSleeps(2);
            case DEVICE_WAKES -> deviceSleeps && deviceWakes();
            case DRIVER_WAKES -> driverSleeps && driverWakes();
            case RESTART -> restart();
            case LOG_OR_NOT -> logOrNot();
        };
    }

    private boolean offer(boolean inTable, int readable, int writable) {
        if (inTable) {
            driver.beginIndirect();
        } else {
            driver.begin();
        }
        long address = memoryOfBuffers + (serial & 3) * 4L * PIECE;
        int needed = inTable ? 1 : readable + writable;
        boolean room = needed <= driver.freeDescriptors();
        for (int i = 0; i < readable; i++) {
            driver.readable(address + (long) i * PIECE, PIECE - i);
        }
        for (int i = readable; i < readable + writable; i++) {
            driver.writable(address + (long) i * PIECE, PIECE - i);
        }
        int id = driver.offer();
        check(room == (id != RingDriver.NO_ROOM), () -> "room for a chain");
        if (!room) {
            return false;
        }
        hidden.add(new Sent(id, address, readable, writable));
        serial++;
        offered++;
        return true;
    }

    private boolean show() {
        if (hidden.isEmpty()) {
            return false;
        }
        shown.addAll(hidden);
        hidden.clear();
        guest(driver::publish);
        boolean kick = driver.needKick();
        if (deviceSleeps) {
            check(kick, () -> "the device sleeps and was not notified");
            deviceWakes();
        } else {
            check(!kick || softSuppression(), () -> "a notification that was not wanted");
        }
        return true;
    }

    /** With a split ring and EVENT_IDX "no notification" can only be requested by an old index. */
    private boolean softSuppression() {
        return !shape.packed() && shape.eventIdx();
    }

    private boolean pop() {
        boolean found = device.pop(chain);
        check(found != shown.isEmpty(), () -> "popped " + found + " of " + shown);
        if (!found) {
            return false;
        }
        Sent sent = shown.remove();
        check(
                chain.readable == sent.readable && chain.pieces == sent.readable + sent.writable,
                () -> "pieces of " + sent);
        check((chain.id & 0xffff) == sent.id, () -> "id of " + sent + ": " + chain.id);
        for (int i = 0; i < chain.pieces; i++) {
            check(chain.length[i] == PIECE - i, () -> "lengths of " + sent);
            check(
                    chain.address[i] == memory.address() + sent.address - BASE + (long) i * PIECE,
                    () -> "addresses of " + sent);
        }
        popped.add(sent);
        tokens.add(chain.id);
        return true;
    }

    private boolean popTogether(boolean writable) {
        int most = 1 + (serial & 3);
        int row = 0;
        for (Sent sent : shown) {
            if (row == most || sent.writable != (writable ? 1 : 0) || sent.readable != (writable ? 0 : 1)) {
                break;
            }
            row++;
        }
        int taken = device.pop(buffers, most, writable);
        int expected = row;
        // The device may not have read the latest available index of a split ring.
        check(
                taken == expected || (!shape.packed() && taken > 0 && taken < expected),
                () -> "popped " + taken + " together of " + expected);
        for (int i = 0; i < taken; i++) {
            Sent sent = shown.remove();
            check((buffers.id[i] & 0xffff) == sent.id, () -> "id of " + sent);
            check(buffers.length[i] == PIECE, () -> "length of " + sent);
            check(buffers.address[i] == memory.address() + sent.address - BASE, () -> "address of " + sent);
            popped.add(sent);
            tokens.add(buffers.id[i]);
        }
        return taken != 0;
    }

    private boolean useTogether() {
        boolean writable = !popped.isEmpty() && popped.getFirst().writable != 0;
        int n = 0;
        while (n < 1 + (serial & 3)
                && !popped.isEmpty()
                && popped.getFirst().readable + popped.getFirst().writable == 1
                && popped.getFirst().writable == (writable ? 1 : 0)) {
            int token = tokens.remove();
            int written = writable ? PIECE - (token & 1) : 0;
            buffers.id[n] = token;
            // The length does not matter for a chain without writable pieces.
            buffers.length[n] = writable ? written : PIECE;
            Sent sent = popped.remove();
            write(sent, written);
            buffers.address[n] = memory.address() + sent.address - BASE;
            used.add(new Back(sent.id, written));
            n++;
        }
        if (writable) {
            device.addUsed(buffers, n);
        } else {
            device.addUsedUnwritten(buffers, n);
        }
        return n != 0;
    }

    private boolean unpop() {
        if (popped.isEmpty()) {
            return false;
        }
        Sent last = popped.getLast();
        if (migrated != null && (serial & 1) == 0) {
            write(last, last.writable == 0 ? 0 : PIECE - last.readable);
            device.unpopWritten(1);
        } else {
            device.unpop(1);
        }
        shown.addFirst(popped.removeLast());
        tokens.removeLast();
        return true;
    }

    private boolean use() {
        Sent sent = popped.poll();
        if (sent == null) {
            return false;
        }
        int token = tokens.remove();
        // Every second chain is not filled completely.
        int written = sent.writable == 0 ? 0 : PIECE - sent.readable - (token & 1);
        if (sent.writable == 0) {
            device.addUsed(token);
        } else {
            write(sent, written);
            device.addUsed(token, written);
        }
        used.add(new Back(sent.id, written));
        return true;
    }

    private boolean publish() {
        check(device.hasUnpublished() != used.isEmpty(), () -> "unpublished chains");
        if (used.isEmpty()) {
            return false;
        }
        boolean interrupt = device.publish();
        published.addAll(used);
        used.clear();
        check(!firstPublication || interrupt, () -> "the first publication interrupts");
        if (driverSleeps && interrupt) {
            driverWakes();
        } else {
            check(!interrupt || firstPublication || softSuppression(), () -> "an interrupt that was not wanted");
        }
        firstPublication = false;
        check(
                !driverSleeps || published.size() < awaited,
                () -> "the driver sleeps though " + published.size() + " are used");
        return true;
    }

    private boolean deviceWakes() {
        deviceSleeps = false;
        device.disableNotifications();
        return true;
    }

    private boolean driverWakes() {
        driverSleeps = false;
        guest(driver::disableInterrupts);
        return true;
    }

    private boolean deviceSleeps() {
        boolean work = device.enableNotifications();
        check(work != shown.isEmpty(), () -> "enabling notifications said " + work + " with " + shown);
        deviceSleeps = !work;
        if (work) {
            device.disableNotifications();
        }
        return true;
    }

    private boolean deviceWaitsForMore() {
        // The device has seen all available chains, or not; if not, the method returns true at most once.
        if ((serial & 1) == 0) {
            int all = 0;
            while (pop()) {
                all++;
            }
            for (int i = 0; i < all; i++) {
                unpop();
            }
            check(!device.enableNotificationsBeyondSeen(), () -> "more than was there");
        } else if (device.enableNotificationsBeyondSeen()) {
            check(!device.enableNotificationsBeyondSeen(), () -> "more for the second time");
        }
        deviceSleeps = true;
        return true;
    }

    private boolean collect() {
        check(driver.hasUsed() != published.isEmpty(), () -> "something to collect of " + published);
        boolean found = guest(driver::collect);
        check(found != published.isEmpty(), () -> "collected " + found + " of " + published);
        if (!found) {
            return false;
        }
        Back back = published.remove();
        check(driver.usedId() == back.id, () -> "collected " + driver.usedId() + " instead of " + back);
        check(driver.usedLength() == back.written, () -> "length " + driver.usedLength() + " instead of " + back);
        collected++;
        return true;
    }

    private boolean driverSleeps(int chains) {
        awaited = shape.eventIdx() ? chains : 1;
        boolean already = guest(() -> driver.enableInterruptsAfter(chains));
        check(
                already == published.size() >= awaited,
                () -> "enabling interrupts said " + already + " with " + published);
        driverSleeps = !already;
        if (already) {
            guest(driver::disableInterrupts);
        }
        return true;
    }

    /**
     * Restarts the device, as with GET_VRING_BASE and SET_VRING_BASE: chains that were popped and not used are popped
     * again.
     */
    private boolean restart() {
        while (unpop()) {
            // Until nothing is popped.
        }
        publish();
        int base = device.base();
        check(
                base == driver.deviceBase(),
                () -> "stopped at 0x%x instead of 0x%x".formatted(base, driver.deviceBase()));
        device = device(base);
        device.disableNotifications();
        firstPublication = true;
        deviceSleeps = false;
        return true;
    }

    /** Completes all chains in flight; wakes a sleeping side for that. */
    void finish() {
        show();
        if (deviceSleeps) {
            // No chain was popped: the device may wait for more buffers than the driver has.
            deviceWakes();
        }
        while (pop()) {
            // Until nothing is available.
        }
        while (use()) {
            // Until nothing is popped.
        }
        publish();
        check(!driverSleeps || published.size() < awaited, () -> "the driver sleeps");
        while (collect()) {
            // Until nothing is used.
        }
        check(offered == collected && driver.inFlight() == 0, () -> "every chain came back");
        check(driver.freeDescriptors() == driver.size(), () -> "every descriptor is free");
    }

    private void check(boolean holds, Supplier<String> what) {
        if (!holds) {
            throw new AssertionError(shape + ": " + what.get() + "; device " + device);
        }
    }
}
