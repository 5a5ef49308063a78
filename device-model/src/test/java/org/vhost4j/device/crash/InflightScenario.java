// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.device.driver.PackedDriver;
import org.vhost4j.device.driver.RingDriver;
import org.vhost4j.device.driver.SplitDriver;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.device.memory.GuestMemory;
import org.vhost4j.device.memory.GuestRegion;
import org.vhost4j.device.memory.HostMemory;
import org.vhost4j.device.ring.Buffers;
import org.vhost4j.device.ring.Chain;
import org.vhost4j.device.ring.InflightRegion;
import org.vhost4j.device.ring.RingFault;
import org.vhost4j.device.ring.RingFeatures;
import org.vhost4j.device.ring.RingLayout;
import org.vhost4j.device.ring.Virtqueue;

/**
 * Simulates a queue with an in-flight area, and a process that dies and is restarted. The process reads numbers from
 * the driver, or writes numbers for it. The class is loaded by {@link DyingMemory}; the driver, its memory and the
 * in-flight area outlive each process.
 */
public final class InflightScenario implements Function<long[], String> {
    private static final int SIZE = 8;
    private static final int ENTRIES = 10;
    private static final int ROUNDS = 24;
    private static final int NUMBER_BYTES = 4;
    private static final int BUFFERS = 64;
    private static final int MEMORY = 1 << 16;
    private static final long BASE = 0x10_0000;
    /** The offset of the version in an in-flight area. */
    private static final int VERSION = 8;

    private final RingLayout layout;
    private final boolean transmits;
    private final String base;
    private final RingFeatures features;
    private final MemorySegment memory = Arena.ofAuto().allocate(MEMORY, 4096);
    private final DriverMemory driverMemory = new DriverMemory(memory, BASE);
    private final GuestMemory table = GuestMemory.of(List.of(new GuestRegion(BASE, MEMORY, 0x7000_0000L, memory)));
    private final RingDriver driver;
    private final MemorySegment area;
    private final InflightRegion region;
    private final long buffers;
    private final long[] posted = new long[SIZE];
    private final List<Integer> arrived = new ArrayList<>();
    private final Chain chain = new Chain();
    private final Buffers together = new Buffers();
    private int nextBuffer;
    private int number;
    private int offered;
    private int empty;
    private @Nullable Virtqueue queue;

    /** Creates a scenario for one kind of ring, one direction, and one base that the front-end sends after a crash. */
    public InflightScenario(String kind) {
        layout = kind.contains("packed") ? RingLayout.PACKED : RingLayout.SPLIT;
        transmits = kind.contains("transmit");
        base = kind.substring(kind.lastIndexOf(' ') + 1);
        boolean inOrder = kind.contains("IN_ORDER");
        features = inOrder ? RingFeatures.of(FeatureSet.of(Feature.IN_ORDER)) : RingFeatures.NONE;
        RingDriver.Features negotiated = new RingDriver.Features(false, inOrder);
        driver = layout == RingLayout.PACKED
                ? new PackedDriver(driverMemory, SIZE, negotiated, 0)
                : new SplitDriver(driverMemory, SIZE, negotiated, 0);
        buffers = driverMemory.allocate(16L * BUFFERS, 16);
        area = Arena.ofAuto().allocate(layout.inflightBytes(ENTRIES), 64);
        region = new InflightRegion(area, ENTRIES);
    }

    /**
     * Runs the scenario.
     *
     * @param deaths for each process the number of the store before which it dies, from 1 on; the process after the
     *     last one survives
     * @return the error; empty for none; {@code end} when a process that should have died survived
     */
    @Override
    public String apply(long[] deaths) {
        int process = 0;
        DyingMemory.dieAt(deaths.length == 0 ? Long.MAX_VALUE : deaths[0]);
        for (int round = 0; round < ROUNDS + 4 || queue == null; round++) {
            try {
                if (round < ROUNDS) {
                    offer(1 + round % 5);
                }
                Virtqueue now = queue == null ? open() : queue;
                queue = now;
                work(now, round);
            } catch (DyingMemory.Death e) {
                queue = null;
                process++;
                // A driver may read its ring before or after the restart of the process.
                if (round % 2 == 0) {
                    collect();
                }
                DyingMemory.dieAt(process < deaths.length ? deaths[process] : Long.MAX_VALUE);
            } catch (RingFault e) {
                return e.reason();
            }
            if (queue != null) {
                collect();
            }
        }
        String wrong = verdict(process);
        return wrong.isEmpty() && process < deaths.length ? "end" : wrong;
    }

    private Virtqueue open() {
        return region.open(
                layout,
                "queue 1",
                SIZE,
                layout.parts(
                        memory,
                        SIZE,
                        driver.descAddress() - BASE,
                        driver.availAddress() - BASE,
                        driver.usedAddress() - BASE),
                table,
                base(),
                features,
                !transmits);
    }

    private int base() {
        return switch (base) {
            case "initial" -> layout.startBase();
            case "used" -> driver.deviceBase();
            // Cloud Hypervisor's base loses chains, unless the area has the queue's position.
            default ->
                area.get(ValueLayout.JAVA_SHORT, VERSION) == 0 ? 0 : driverMemory.get16(driver.availAddress() + 2);
        };
    }

    private void offer(int chains) {
        for (int i = 0; i < chains; i++) {
            int descriptors = offered % 3 == 2 ? 3 : 1;
            if (driver.freeDescriptors() < descriptors) {
                break;
            }
            long at = buffers + 16L * (nextBuffer++ % BUFFERS);
            driver.begin();
            if (transmits) {
                driverMemory.put32(at, number++);
                driver.readable(at, NUMBER_BYTES);
                for (int more = 1; more < descriptors; more++) {
                    driver.readable(at, NUMBER_BYTES);
                }
            } else {
                driver.writable(at, NUMBER_BYTES);
                for (int more = 1; more < descriptors; more++) {
                    driver.writable(at + NUMBER_BYTES, NUMBER_BYTES);
                }
            }
            posted[driver.offer()] = at;
            offered++;
        }
        driver.publish();
    }

    private void work(Virtqueue now, int round) {
        if (round % 3 == 0) {
            int taken = now.pop(together, 4, !transmits);
            int done = round % 2 == 0 ? taken : taken / 2;
            for (int i = 0; i < done; i++) {
                move(together.address[i]);
                together.length[i] = NUMBER_BYTES;
            }
            now.unpop(taken - done);
            if (transmits) {
                now.addUsedUnwritten(together, done);
            } else {
                now.addUsed(together, done);
            }
        }
        for (int i = 0; i < 3 && now.pop(chain); i++) {
            if (i == 2 && round % 4 == 1) {
                now.unpop(1);
                break;
            }
            move(chain.address[0]);
            if (transmits) {
                now.addUsed(chain.id);
            } else {
                now.addUsed(chain.id, NUMBER_BYTES);
            }
        }
        if (round % 5 != 0 || round >= ROUNDS) {
            now.publish();
        }
    }

    /** Transfers one number between device and driver. */
    private void move(long address) {
        if (transmits) {
            arrived.add((int) HostMemory.getLongLE(address) & 0xffff);
        } else {
            int next = number++;
            HostMemory.putByte(address, next);
            HostMemory.putByte(address + 1, next >>> 8);
        }
    }

    private void collect() {
        while (driver.collect()) {
            if (!transmits) {
                if (driver.usedLength() == NUMBER_BYTES) {
                    arrived.add(driverMemory.get16(posted[driver.usedId()]));
                } else {
                    empty++;
                }
            }
        }
    }

    private String verdict(int deaths) {
        StringBuilder wrong = new StringBuilder();
        for (int i = 1; i < arrived.size(); i++) {
            if (arrived.get(i) <= arrived.get(i - 1)) {
                wrong.append(arrived.get(i))
                        .append(" behind ")
                        .append(arrived.get(i - 1))
                        .append("; ");
            }
        }
        int lost = number - arrived.size();
        if (lost < 0 || lost > deaths * SIZE) {
            wrong.append(lost).append(" lost of ").append(number).append("; ");
        }
        if (empty != 0) {
            wrong.append(empty).append(" buffers came back empty; ");
        }
        if (transmits && driver.inFlight() != 0) {
            wrong.append(driver.inFlight()).append(" chains never came back; ");
        }
        return wrong.isEmpty() ? "" : wrong + "arrived " + arrived;
    }
}
