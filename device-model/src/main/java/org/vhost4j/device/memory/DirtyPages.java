// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collects the pages that were written, and marks them together in a {@link DirtyLog}: a burst needs one fence and
 * writes few words of the log. The caller collects a page after writing to it, and marks it before the driver sees the
 * buffer as used.
 *
 * <p>Confined to one lane; several objects may share a log.
 */
public final class DirtyPages {
    /**
     * Maximum number of 64-bit words of the log that are collected; when the collection is full, its pages are marked.
     */
    private static final int CAPACITY = 64;

    private final DirtyLog log;
    private final long[] hostBase;
    private final long[] guestBase;
    private final long[] size;
    /** For each memory region, whether the log has a bit for every page of it. */
    private final boolean[] covered;

    private int hint;

    private final long[] word = new long[CAPACITY];
    private final long[] bits = new long[CAPACITY];
    private int count;

    /** Listener for the first write outside the log; null without a listener, or after it was called. */
    private @Nullable Consumer<String> beyond;

    /**
     * Creates an empty collector.
     *
     * @param log log in which pages are marked
     * @param memory the memory table, never the view of an IOMMU
     */
    public DirtyPages(DirtyLog log, GuestMemory memory) {
        this.log = log;
        List<GuestRegion> regions = memory.regions();
        int n = regions.size();
        hostBase = new long[n];
        guestBase = new long[n];
        size = new long[n];
        covered = new boolean[n];
        for (int i = 0; i < n; i++) {
            GuestRegion region = regions.get(i);
            hostBase[i] = region.memory().address();
            guestBase[i] = region.guestAddress();
            size[i] = region.size();
            covered[i] = log.covers(guestBase[i], size[i]);
        }
    }

    /**
     * Sets a listener for writes that the log does not cover, which the migration would not copy. Without a listener,
     * their pages are ignored.
     *
     * @param listener called once, with one line
     */
    public void whenBeyond(Consumer<String> listener) {
        beyond = listener;
    }

    /**
     * Collects the pages of a write to guest memory.
     *
     * @param hostAddress host address of the first byte, as returned by {@link GuestMemory#translate}
     * @param bytes number of bytes, 0 or more
     */
    public void wrote(long hostAddress, long bytes) {
        int i = hint;
        if (i < hostBase.length) {
            long offset = hostAddress - hostBase[i];
            if (offset >= 0 && bytes <= size[i] - offset) {
                wroteGuest(guestBase[i] + offset, bytes);
                return;
            }
        }
        search(hostAddress, bytes);
    }

    /**
     * Collects the pages of several writes to guest memory. Consecutive writes whose pages share a 64-bit word of the
     * log are collected in one step.
     *
     * @param hostAddress host address of the first byte of each write, as returned by {@link GuestMemory#translate}
     * @param bytes number of bytes of each write, 0 or more
     * @param count number of writes, from the first element on
     */
    public void wrote(long[] hostAddress, int[] bytes, int count) {
        int i = 0;
        while (i < count) {
            i = wroteInRegion(hostAddress, bytes, i, count);
            if (i < count) {
                wrote(hostAddress[i], bytes[i]);
                i++;
            }
        }
    }

    /**
     * Collects writes while each is in the same region as the last one, and within one word of the log. Returns the
     * index of the first other write.
     */
    private int wroteInRegion(long[] hostAddress, int[] bytes, int from, int count) {
        int region = hint;
        if (region >= covered.length || !covered[region]) {
            return from;
        }
        long base = hostBase[region];
        long most = size[region];
        // The region's guest-physical address, plus 4 KiB for each bit before that of page 0 in the log's first word.
        long start = log.position(0) * DirtyLog.PAGE + guestBase[region];
        long at = 0;
        long mask = 0;
        int i = from;
        for (; i < count; i++) {
            long offset = hostAddress[i] - base;
            int length = bytes[i];
            long last = offset + length - 1;
            // Three tests in one: the write begins in the region, ends in it, and is not empty.
            if ((offset | last - offset | most - 1 - last) < 0) {
                break;
            }
            long firstBit = (start + offset) >>> DirtyLog.PAGE_SHIFT;
            long lastBit = (start + last) >>> DirtyLog.PAGE_SHIFT;
            long word = DirtyLog.word(firstBit);
            if (DirtyLog.word(lastBit) != word) {
                break;
            }
            if (word != at) {
                if (mask != 0) {
                    add(at, mask);
                }
                at = word;
                mask = 0;
            }
            // All bits from the first to the last.
            mask |= (2L << lastBit) - (1L << firstBit);
        }
        if (mask != 0) {
            add(at, mask);
        }
        return i;
    }

    /** Collects a write of any kind. Behind an IOMMU, adjacent pages may be in several regions. */
    private void search(long hostAddress, long bytes) {
        long at = hostAddress;
        long left = bytes;
        while (left > 0) {
            int i = region(at);
            long offset = at - hostBase[i];
            long part = Math.min(left, size[i] - offset);
            wroteGuest(guestBase[i] + offset, part);
            hint = i;
            at += part;
            left -= part;
        }
    }

    private int region(long hostAddress) {
        for (int i = 0; i < hostBase.length; i++) {
            long offset = hostAddress - hostBase[i];
            if (offset >= 0 && offset < size[i]) {
                return i;
            }
        }
        throw new IllegalStateException("0x%x is in no memory region".formatted(hostAddress));
    }

    /**
     * Collects the pages of a write at a guest-physical address.
     *
     * @param guestAddress guest-physical address of the first byte
     * @param bytes number of bytes, 0 or more
     */
    public void wroteGuest(long guestAddress, long bytes) {
        if (bytes <= 0) {
            return;
        }
        if (!log.covers(guestAddress, bytes)) {
            tellBeyond(guestAddress, bytes);
            return;
        }
        long first = log.position(guestAddress >>> DirtyLog.PAGE_SHIFT);
        long last = log.position((guestAddress + bytes - 1) >>> DirtyLog.PAGE_SHIFT);
        for (long at = first; at <= last; at++) {
            add(DirtyLog.word(at), 1L << at);
        }
    }

    private void tellBeyond(long guestAddress, long bytes) {
        Consumer<String> listener = beyond;
        beyond = null;
        if (listener != null) {
            listener.accept("%d bytes at guest address 0x%x were written, but the log of dirty pages ends at 0x%x"
                    .formatted(bytes, guestAddress, log.coveredBytes()));
        }
    }

    private void add(long at, long mask) {
        int n = count;
        if (n != 0 && word[n - 1] == at) {
            bits[n - 1] |= mask;
            return;
        }
        if (n == CAPACITY) {
            mark();
            n = 0;
        }
        word[n] = at;
        bits[n] = mask;
        count = n + 1;
    }

    /** Marks the collected pages. When this returns, the front-end finds all of them in the log. */
    public void mark() {
        if (count != 0) {
            // The writes must be visible before a bit is read that may be set already.
            VarHandle.fullFence();
            markFenced();
        }
    }

    /**
     * Marks the collected pages like {@link #mark}; the caller has executed a full fence since the last write to them.
     */
    public void markFenced() {
        int n = count;
        count = 0;
        for (int i = 0; i < n; i++) {
            log.mark(word[i], bits[i]);
        }
    }
}
