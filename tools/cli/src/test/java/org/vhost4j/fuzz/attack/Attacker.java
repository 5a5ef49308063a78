// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz.attack;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;
import org.vhost4j.fuzz.GuardedMemory;

/**
 * A malicious guest: its memory, and two threads that write there while the device reads. One makes chains available,
 * valid or not, and flips fields of the attacked queue; the other only flips.
 */
final class Attacker {
    static final int QUEUES = 3;
    private static final int SIZE = 64;
    private static final long BASE = 0x10_0000;
    private static final int LOW = 1 << 18;
    private static final int HIGH = 1 << 14;
    private static final int RING = 0x2000;
    private static final int AVAIL = 0x800;
    private static final int USED = 0x1000;
    private static final int TABLES = 0x8000;
    private static final int TABLE_ENTRIES = 4;
    private static final int BUFFERS = 0x10000;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final GuardedMemory lowMemory = new GuardedMemory(LOW);
    private final GuardedMemory highMemory = new GuardedMemory(HIGH);
    private final MemorySegment low = lowMemory.segment();
    private final GuestMemory table = GuestMemory.of(List.of(
            new GuestRegion(BASE, LOW, 0x7000_0000L, low),
            new GuestRegion(BASE + LOW, HIGH, 0x9000_0000L, highMemory.segment())));

    private volatile boolean ended;
    private volatile int wanted;
    private volatile int begun;
    private volatile Kind kind = Kind.all().get(0);
    /** One in so many values breaks a rule. */
    private volatile int hostility = 16;

    private final Thread driver;
    private final Thread flipper;
    private long flips;

    Attacker(long seed) {
        driver =
                Thread.ofPlatform().daemon().name("attacker-driver").unstarted(() -> drive(new SplittableRandom(seed)));
        flipper = Thread.ofPlatform()
                .daemon()
                .name("attacker-flipper")
                .unstarted(() -> flip(new SplittableRandom(seed + 1)));
        driver.start();
        flipper.start();
    }

    /** Begins a round with empty rings; returns when the driver has made them. */
    void begin(Kind attacked, int oneIn) {
        kind = attacked;
        hostility = oneIn;
        int round = begun + 1;
        wanted = round;
        while (begun != round) {
            LockSupport.parkNanos(1000);
        }
    }

    void end() throws InterruptedException {
        ended = true;
        driver.join();
        flipper.join();
        lowMemory.close();
        highMemory.close();
    }

    /** How many fields the second thread has flipped. */
    long flips() {
        return flips;
    }

    Virtqueue open(int queue, RingFeatures features) {
        RingLayout layout = kind.layout();
        long at = (long) queue * RING;
        return layout.open(
                "queue " + queue,
                SIZE,
                layout.parts(low, SIZE, at, at + AVAIL, at + USED),
                table,
                layout.startBase(),
                features);
    }

    private void drive(SplittableRandom random) {
        int[] made = new int[QUEUES];
        while (!ended) {
            if (begun != wanted) {
                low.fill((byte) 0);
                for (int queue = 0; queue < QUEUES; queue++) {
                    made[queue] = 0;
                }
                begun = wanted;
            }
            for (int queue = 0; queue < QUEUES; queue++) {
                offer(random, queue, made);
            }
            flipOne(random);
        }
    }

    private void flip(SplittableRandom random) {
        while (!ended) {
            flipOne(random);
            flips++;
            // On a machine with few cores the lane has to get its turn.
            if ((flips & 0xff) == 0) {
                LockSupport.parkNanos(1000);
            }
        }
    }

    private boolean hostile(SplittableRandom random) {
        return random.nextInt(hostility) == 0;
    }

    private long address(SplittableRandom random) {
        if (!hostile(random)) {
            return BASE + BUFFERS + random.nextInt(LOW - BUFFERS - 0x1000);
        }
        return switch (random.nextInt(5)) {
            case 0 -> random.nextLong();
            case 1 -> BASE + LOW - random.nextInt(3000);
            case 2 -> BASE + LOW + HIGH - random.nextInt(3000);
            case 3 -> BASE - random.nextInt(100);
            default -> BASE + random.nextInt(LOW);
        };
    }

    /** What a descriptor of the ring or of a table names. */
    private long tableOrBuffer(SplittableRandom random, boolean ofTheRing) {
        return kind.indirect() && ofTheRing && !hostile(random)
                ? BASE + tableAt(kind.queue(), random.nextInt(SIZE))
                : address(random);
    }

    private int length(SplittableRandom random, int queue) {
        if (hostile(random)) {
            return switch (random.nextInt(4)) {
                case 0 -> random.nextInt();
                case 1 -> -1;
                case 2 -> 0;
                default -> 0x7fff_ffff;
            };
        }
        return queue == 2 ? 1 + random.nextInt(100) : 60 + random.nextInt(1900);
    }

    /** Writes one descriptor, in a table or in the ring, field by field. */
    private void descriptor(SplittableRandom random, long at, int queue, int flags, int last) {
        low.set(JAVA_LONG_UNALIGNED, at, address(random));
        low.set(JAVA_INT_UNALIGNED, at + 8, length(random, queue));
        if (kind.layout() == RingLayout.SPLIT) {
            low.set(JAVA_SHORT_UNALIGNED, at + 12, (short) flags);
            low.set(JAVA_SHORT_UNALIGNED, at + 14, (short) last);
        } else {
            low.set(JAVA_SHORT_UNALIGNED, at + 12, (short) last);
        }
    }

    /** A chain of the queue, available to the device, when the ring has room as its used half says. */
    private void offer(SplittableRandom random, int queue, int[] made) {
        boolean tables = kind.indirect() && queue == kind.queue();
        if (kind.layout() == RingLayout.SPLIT) {
            offerSplit(random, queue, made, tables);
        } else {
            offerPacked(random, queue, made, tables);
        }
    }

    private static long tableAt(int queue, int slot) {
        return TABLES + ((long) queue * SIZE + slot) * 16 * TABLE_ENTRIES;
    }

    /** A table: for commands a class and command first, and the answer last. */
    private void table(SplittableRandom random, int queue, int slot) {
        long at = tableAt(queue, slot);
        for (int i = 0; i < TABLE_ENTRIES; i++) {
            int writes = queue == 0 || (queue == 2 && i == TABLE_ENTRIES - 1) ? WRITE : 0;
            int more = i < TABLE_ENTRIES - 1 ? NEXT : 0;
            descriptor(random, at + 16L * i, queue, writes | more, i + 1);
            if (kind.layout() == RingLayout.PACKED) {
                low.set(JAVA_SHORT_UNALIGNED, at + 16L * i + 14, (short) writes);
            }
        }
    }

    private void offerSplit(SplittableRandom random, int queue, int[] made, boolean tables) {
        long ring = (long) queue * RING;
        int used = low.get(JAVA_SHORT_UNALIGNED, ring + USED + 2) & 0xffff;
        if (((made[queue] - used) & 0xffff) >= SIZE / 2) {
            return;
        }
        // Two descriptors each, so that a half of the ring's length can be available.
        int head = 2 * made[queue] % SIZE;
        if (tables) {
            table(random, queue, head);
            low.set(JAVA_LONG_UNALIGNED, ring + 16L * head, BASE + tableAt(queue, head));
            low.set(JAVA_INT_UNALIGNED, ring + 16L * head + 8, 16 * TABLE_ENTRIES);
            low.set(JAVA_SHORT_UNALIGNED, ring + 16L * head + 12, (short) INDIRECT);
        } else {
            int first = queue == 0 ? WRITE : 0;
            int second = queue == 1 ? 0 : WRITE;
            descriptor(random, ring + 16L * head, queue, first | NEXT, head + 1);
            descriptor(random, ring + 16L * (head + 1), queue, second, 0);
        }
        low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL + 4 + 2L * (made[queue] % SIZE), (short) head);
        VarHandle.releaseFence();
        made[queue]++;
        low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL + 2, (short) made[queue]);
    }

    private void offerPacked(SplittableRandom random, int queue, int[] made, boolean tables) {
        long ring = (long) queue * RING;
        int slot = made[queue] % SIZE;
        boolean wrap = made[queue] / SIZE % 2 == 0;
        long at = ring + 16L * slot;
        int before = low.get(JAVA_SHORT_UNALIGNED, at + 14);
        boolean avail = (before & (1 << 7)) != 0;
        boolean used = (before & (1 << 15)) != 0;
        if (avail != used || (made[queue] >= SIZE && avail == wrap)) {
            return;
        }
        int bits = wrap ? 1 << 7 : 1 << 15;
        if (tables) {
            table(random, queue, slot);
            low.set(JAVA_LONG_UNALIGNED, at, BASE + tableAt(queue, slot));
            low.set(JAVA_INT_UNALIGNED, at + 8, 16 * TABLE_ENTRIES);
            low.set(JAVA_SHORT_UNALIGNED, at + 12, (short) slot);
            VarHandle.releaseFence();
            low.set(JAVA_SHORT_UNALIGNED, at + 14, (short) (INDIRECT | bits));
            made[queue]++;
        } else {
            int next = (slot + 1) % SIZE;
            boolean nextWrap = (made[queue] + 1) / SIZE % 2 == 0;
            descriptor(random, ring + 16L * next, queue, 0, slot);
            int second = queue == 1 ? 0 : WRITE;
            low.set(JAVA_SHORT_UNALIGNED, ring + 16L * next + 14, (short) (second | (nextWrap ? 1 << 7 : 1 << 15)));
            descriptor(random, at, queue, 0, slot);
            int first = queue == 0 ? WRITE : 0;
            VarHandle.releaseFence();
            low.set(JAVA_SHORT_UNALIGNED, at + 14, (short) (first | NEXT | bits));
            made[queue] += 2;
        }
    }

    /** Changes one field of the queue under attack, whatever the device does with it at the time. */
    private void flipOne(SplittableRandom random) {
        int queue = kind.queue();
        long ring = (long) queue * RING;
        boolean tables = kind.indirect() && random.nextBoolean();
        long at = tables
                ? tableAt(queue, random.nextInt(SIZE)) + 16L * random.nextInt(TABLE_ENTRIES)
                : ring + 16L * random.nextInt(SIZE);
        switch (random.nextInt(12)) {
            case 0, 1 -> low.set(JAVA_LONG_UNALIGNED, at, tableOrBuffer(random, !tables));
            case 2, 3 ->
                low.set(
                        JAVA_INT_UNALIGNED,
                        at + 8,
                        kind.indirect() && !tables && !hostile(random)
                                ? 16 * (1 + random.nextInt(TABLE_ENTRIES))
                                : length(random, queue));
            case 4 -> {
                if (hostile(random)) {
                    low.set(JAVA_SHORT_UNALIGNED, at + 12, (short) random.nextInt());
                }
            }
            case 5 -> {
                if (hostile(random)) {
                    low.set(JAVA_SHORT_UNALIGNED, at + 14, (short) random.nextInt());
                }
            }
            case 6 -> {
                // Headers of frames, commands and their data.
                long content = (long) BUFFERS + random.nextInt(LOW - BUFFERS - 8);
                low.set(JAVA_LONG_UNALIGNED, content, random.nextLong() & ~random.nextInt());
            }
            case 7 -> {
                if (hostile(random)) {
                    // The index, or of a packed ring the driver's event area.
                    low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL + 2, (short) random.nextInt());
                }
            }
            case 8 -> low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL, (short) random.nextInt(4));
            case 9 -> low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL + 4 + 2L * SIZE, (short) random.nextInt());
            case 10 -> {
                if (hostile(random)) {
                    low.set(JAVA_SHORT_UNALIGNED, ring + AVAIL + 4 + 2L * random.nextInt(SIZE), (short)
                            random.nextInt());
                }
            }
            default -> {
                if (hostile(random)) {
                    low.set(JAVA_BYTE, ring + USED + random.nextInt(8 * SIZE), (byte) random.nextInt());
                }
            }
        }
    }
}
