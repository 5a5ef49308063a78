// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;

/** Guest memory of a {@link SmallBackEnd}, and the log of pages that were written. */
final class SmallMemory {
    private static final int PAGE = 4096;
    private static final long CLEARED_NANOS = 1_000_000_000;
    private static final long LOOK_NANOS = 20_000;

    private record Region(long guest, long bytes, long user, MappedFile file, DriverMemory memory) {}

    /** An address that is in no region. */
    static final class Outside extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final Fault fault;
    private final List<Region> regions = new ArrayList<>();
    private @Nullable MappedFile log;
    private boolean logging;

    SmallMemory(Fault fault) {
        this.fault = fault;
    }

    void clear() {
        regions.forEach(region -> region.file().close());
        regions.clear();
        if (fault == Fault.OLD_LOG) {
            return;
        }
        if (log != null) {
            log.close();
            log = null;
        }
        logging = false;
    }

    void table(ByteBuffer payload, List<Fd> files) {
        regions.forEach(region -> region.file().close());
        regions.clear();
        int count = payload.getInt();
        payload.getInt();
        if (count != files.size()) {
            throw new Outside();
        }
        for (Fd fd : files) {
            long guest = payload.getLong();
            long bytes = payload.getLong();
            long user = payload.getLong();
            long offset = payload.getLong();
            MappedFile file;
            try {
                file = MappedFile.map(fd, offset, bytes, "region");
            } catch (RuntimeException e) {
                throw new Outside();
            }
            regions.add(new Region(guest, bytes, user, file, new DriverMemory(file.segment(), guest)));
        }
    }

    void log(ByteBuffer payload, List<Fd> files) {
        long bytes = payload.getLong();
        long offset = payload.getLong();
        if (files.size() != 1) {
            throw new Outside();
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

    /** The region of a guest-physical range. */
    DriverMemory at(long guest, long bytes) {
        for (Region region : regions) {
            if (region.memory().contains(guest, bytes)) {
                return region.memory();
            }
        }
        throw new Outside();
    }

    /** An address by which the front-end knows its memory, as a guest-physical one. */
    long toGuest(long user) {
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
        for (long page = guest / PAGE; page <= (guest + bytes - 1) / PAGE; page++) {
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
        for (long page = guest / PAGE; page <= (guest + bytes - 1) / PAGE; page++) {
            while ((bits.segment().get(ValueLayout.JAVA_BYTE, page / 8) & 1 << page % 8) != 0
                    && System.nanoTime() - end < 0) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }
}
