// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.vhostuser.wire.IotlbMessage;

/** Guest memory of a {@link SmallBackEnd}, and the log of pages that were written. */
final class SmallMemory {
    private static final int PAGE = 4096;
    private static final long CLEARED_NANOS = 1_000_000_000;
    private static final long LOOK_NANOS = 20_000;

    private record Region(long guest, long bytes, long user, MappedFile file, DriverMemory memory) {}

    /** What a front-end has said of I/O virtual addresses. */
    private record Translation(long iova, long bytes, long user) {
        boolean contains(long address) {
            return Long.compareUnsigned(address - iova, bytes) < 0;
        }
    }

    /** Has the front-end tell the translation of an address. */
    interface Misses {
        /** Returns once something was told. */
        void ask(long iova);
    }

    /** An address that is in no region. */
    static final class Outside extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final Fault fault;
    private final Misses misses;
    private final SmallPostcopy postcopy;
    private final List<Region> regions = new ArrayList<>();
    private final List<Translation> translations = new ArrayList<>();
    private boolean translated;
    private boolean asking;
    private @Nullable MappedFile log;
    private boolean logging;

    SmallMemory(Fault fault, Misses misses, SmallPostcopy postcopy) {
        this.fault = fault;
        this.misses = misses;
        this.postcopy = postcopy;
    }

    void clear() {
        regions.forEach(region -> region.file().close());
        regions.clear();
        translations.clear();
        translated = false;
        asking = false;
        if (fault == Fault.OLD_LOG) {
            return;
        }
        if (log != null) {
            log.close();
            log = null;
        }
        logging = false;
    }

    /** Whether the driver's addresses, those of its rings included, are I/O virtual ones. */
    void translated(boolean on) {
        translated = on;
    }

    /** Takes what the front-end says of translations. */
    void translations(IotlbMessage told) {
        long end = told.iova() + told.bytes();
        switch (told.type()) {
            case IotlbMessage.UPDATE -> {
                if (fault != Fault.IOTLB_UNASKED_UNUSED || asking) {
                    translations.add(new Translation(told.iova(), told.bytes(), told.userAddress()));
                }
            }
            case IotlbMessage.INVALIDATE -> {
                boolean all = told.bytes() == -1;
                if (fault != Fault.IOTLB_KEPT) {
                    translations.removeIf(
                            each -> all || (each.iova() < end && each.iova() + each.bytes() > told.iova()));
                }
            }
            default -> throw new SmallBackEnd.Broken();
        }
    }

    /** What answers SET_MEM_TABLE in a postcopy migration: the table with our own addresses. */
    byte[] addresses(ByteBuffer payload) {
        byte[] table = new byte[payload.remaining()];
        payload.get(table);
        ByteBuffer answer = ByteBuffer.wrap(table).order(ByteOrder.nativeOrder());
        for (int i = 0; i < regions.size(); i++) {
            answer.putLong(
                    8 + 32 * i + 16, postcopy.register(regions.get(i).file().segment()));
        }
        return table;
    }

    /** No page is missing any more. */
    void arrived() {
        regions.forEach(region -> postcopy.unregister(region.file().segment()));
    }

    boolean isEmpty() {
        return regions.isEmpty();
    }

    void table(ByteBuffer payload, List<Fd> files) {
        if (fault == Fault.OLD_TABLE && !regions.isEmpty()) {
            return;
        }
        regions.forEach(region -> region.file().close());
        regions.clear();
        int count = payload.getInt();
        payload.getInt();
        if (count != files.size()) {
            throw new Outside();
        }
        int most = fault == Fault.ONE_REGION ? 1 : fault == Fault.FOUR_REGIONS ? 4 : count;
        for (Fd fd : files.subList(0, Math.min(most, count))) {
            regions.add(region(payload, fd));
        }
    }

    private Region region(ByteBuffer payload, Fd fd) {
        long guest = payload.getLong();
        long bytes = payload.getLong();
        long user = payload.getLong();
        long offset = payload.getLong();
        MappedFile file;
        try {
            file = MappedFile.map(fd, fault == Fault.NO_OFFSET ? 0 : offset, bytes, "region");
        } catch (RuntimeException e) {
            throw new Outside();
        }
        return new Region(guest, bytes, user, file, new DriverMemory(file.segment(), guest));
    }

    void add(ByteBuffer payload, List<Fd> files, int slots) {
        if (regions.size() >= (fault == Fault.HALF_THE_SLOTS ? slots / 2 : slots)) {
            throw new SmallBackEnd.Refused();
        }
        if (fault == Fault.UNUSED_SLOT && !regions.isEmpty()) {
            return;
        }
        payload.getLong();
        regions.add(region(payload, files.getFirst()));
    }

    void remove(ByteBuffer payload) {
        payload.getLong();
        long guest = payload.getLong();
        long bytes = payload.getLong();
        Region gone = regions.stream()
                .filter(each -> each.guest() == guest && each.bytes() == bytes)
                .findFirst()
                .orElse(null);
        if (gone == null && fault != Fault.UNUSED_SLOT) {
            throw new SmallBackEnd.Refused();
        }
        if (gone == null || fault == Fault.KEPT_SLOT) {
            return;
        }
        Region removed = fault == Fault.REMOVES_LAST ? regions.getLast() : gone;
        regions.remove(removed);
        removed.file().close();
    }

    void log(ByteBuffer payload, List<Fd> files) {
        long bytes = payload.getLong();
        long offset = payload.getLong();
        if (files.size() != 1) {
            throw new Outside();
        }
        if (log != null && fault == Fault.FIRST_LOG) {
            return;
        }
        if (log != null) {
            log.close();
            log = null;
        }
        try {
            log = fault == Fault.WHOLE_FILE
                    ? MappedFile.map(files.getFirst(), 0, 1 << 20, "log")
                    : MappedFile.map(files.getFirst(), offset, bytes, "log");
        } catch (RuntimeException e) {
            throw new Outside();
        }
    }

    void logging(boolean on) {
        logging = on || (fault == Fault.OLD_LOG && log != null);
    }

    /** The memory with a range of the driver's addresses. */
    DriverMemory at(long address, long bytes) {
        DriverMemory memory = translated ? behind(address) : region(address, bytes);
        if (!memory.contains(address, bytes)) {
            throw new Outside();
        }
        if (postcopy.listening()) {
            postcopy.touch(memory.segment().asSlice(address - memory.guestBase(), bytes));
        }
        return memory;
    }

    private DriverMemory region(long guest, long bytes) {
        for (Region region : regions) {
            if (region.memory().contains(guest, bytes)) {
                return region.memory();
            }
        }
        throw new Outside();
    }

    /** What an I/O virtual address is translated to, asked for if need be. */
    private DriverMemory behind(long iova) {
        while (true) {
            for (Translation each : translations) {
                if (each.contains(iova)) {
                    for (Region region : regions) {
                        long offset = each.user() - region.user();
                        if (offset >= 0 && offset + each.bytes() <= region.bytes()) {
                            return new DriverMemory(region.file().segment().asSlice(offset, each.bytes()), each.iova());
                        }
                    }
                    throw new Outside();
                }
            }
            asking = true;
            misses.ask(iova);
            asking = false;
        }
    }

    /** What lies in a guest-physical range, which may reach into the next region. */
    byte[] read(long guest, int bytes) {
        byte[] all = new byte[bytes];
        int done = 0;
        while (done < bytes) {
            DriverMemory memory = at(guest + done, 1);
            int part = (int) Math.min(bytes - done, memory.guestBase() + memory.size() - (guest + done));
            if (part < bytes && fault == Fault.NO_CROSSING) {
                throw new Outside();
            }
            at(guest + done, part).read(guest + done, all, done, part);
            done += part;
        }
        return all;
    }

    /** Writes into a range, which may reach into the next region. */
    void write(long guest, byte[] bytes, int from, int length) {
        int done = 0;
        while (done < length) {
            DriverMemory memory = at(guest + done, 1);
            int part = (int) Math.min(length - done, memory.guestBase() + memory.size() - (guest + done));
            at(guest + done, part).write(guest + done, bytes, from + done, part);
            done += part;
        }
    }

    /** The address of a ring's part, by which the front-end knows its own memory, as the driver's. */
    long toGuest(long user) {
        if (translated) {
            return user;
        }
        for (Region region : regions) {
            if (user >= region.user() && user < region.user() + region.bytes()) {
                return region.guest() + (user - region.user());
            }
        }
        throw new Outside();
    }

    /** Marks what was written. */
    void mark(long guest, long bytes) {
        MappedFile bits = log;
        if (!logging || bits == null || bytes == 0) {
            return;
        }
        MemorySegment segment = bits.segment();
        long last = fault == Fault.FIRST_PAGE ? guest / PAGE : (guest + bytes - 1) / PAGE;
        for (long each = guest / PAGE; each <= last; each++) {
            long page = fault == Fault.NEXT_PAGE ? each + 1 : each;
            long at = page / 8;
            if (at >= segment.byteSize()) {
                return;
            }
            byte before = segment.get(ValueLayout.JAVA_BYTE, at);
            segment.set(ValueLayout.JAVA_BYTE, at, (byte) (before | 1 << page % 8));
        }
    }

    /** Waits until a front-end has cleared the marks of a range; not forever, because it need not do so. */
    void awaitCleared(long guest, long bytes) {
        MappedFile bits = log;
        if (!logging || bits == null || bytes == 0) {
            return;
        }
        long end = System.nanoTime() + CLEARED_NANOS;
        long last = Math.min((guest + bytes - 1) / PAGE, bits.segment().byteSize() * 8 - 1);
        for (long page = guest / PAGE; page <= last; page++) {
            while ((bits.segment().get(ValueLayout.JAVA_BYTE, page / 8) & 1 << page % 8) != 0
                    && System.nanoTime() - end < 0) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }
}
