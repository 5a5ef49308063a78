// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.MemFd;
import org.vhost4j.sys.SystemError;

/** How a {@link SmallBackEnd} has the front-end send pages of guest memory that have not arrived (vhost-user, Migration: postcopy). */
final class SmallPostcopy {
    private static final int PAGE = 4096;
    private static final long SYS_USERFAULTFD = System.getProperty("os.arch").equals("aarch64") ? 282 : 323;
    private static final long UFFDIO_API = 0xc018aa3fL;
    private static final long UFFDIO_REGISTER = 0xc020aa00L;
    private static final long UFFDIO_UNREGISTER = 0x8010aa01L;
    private static final long MISSING = 1;

    private final Fault fault;
    private @Nullable Fd faults;
    private @Nullable Fd sink;
    private boolean listening;

    SmallPostcopy(Fault fault) {
        this.fault = fault;
    }

    void reset() {
        listening = false;
        if (faults != null) {
            faults.close();
            faults = null;
        }
        if (sink != null) {
            sink.close();
            sink = null;
        }
    }

    /** POSTCOPY_ADVISE: the descriptor for the front-end. */
    Fd advise() {
        reset();
        Fd created = Fd.of(LibC.syscall(SYS_USERFAULTFD, LibC.O_CLOEXEC, 0, 0), "cannot create a userfaultfd");
        faults = created;
        sink = MemFd.create("sink", 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment api = arena.allocate(24, Long.BYTES);
            api.set(ValueLayout.JAVA_LONG, 0, 0xaa);
            SystemError.check(LibC.ioctl(created.number(), UFFDIO_API, api.address()), "UFFDIO_API");
        }
        return created;
    }

    void listen() {
        listening = faults != null;
    }

    boolean listening() {
        return listening;
    }

    /** Where a region is, as the front-end is told, whose missing pages it is asked for. */
    long register(MemorySegment region) {
        if (fault != Fault.POSTCOPY_UNREGISTERED) {
            call(UFFDIO_REGISTER, region);
        }
        return fault == Fault.POSTCOPY_ADDRESS ? 0 : region.address();
    }

    private void call(long request, MemorySegment region) {
        Fd to = faults;
        if (to == null) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(32, Long.BYTES);
            range.set(ValueLayout.JAVA_LONG, 0, region.address());
            range.set(ValueLayout.JAVA_LONG, 8, region.byteSize());
            range.set(ValueLayout.JAVA_LONG, 16, MISSING);
            SystemError.check(LibC.ioctl(to.number(), request, range.address()), "userfaultfd");
        }
    }

    /** Has the pages of a range fetched by the kernel: where Java code waited for one, the whole process would. */
    void touch(MemorySegment range) {
        Fd to = sink;
        if (!listening || to == null || range.byteSize() == 0) {
            return;
        }
        long last = range.address() + range.byteSize() - 1;
        for (long page = range.address() & -PAGE; page <= last; page += PAGE) {
            LibC.write(to.number(), page, 1);
        }
    }

    void unregister(MemorySegment region) {
        if (fault != Fault.POSTCOPY_UNREGISTERED) {
            call(UFFDIO_UNREGISTER, region);
        }
    }

    /** POSTCOPY_END, when no region is registered any more: its answer. */
    long end() {
        reset();
        return fault == Fault.POSTCOPY_END_REFUSED ? 1 : 0;
    }
}
