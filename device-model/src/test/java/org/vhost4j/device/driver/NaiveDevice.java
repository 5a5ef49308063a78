// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import java.util.ArrayList;
import java.util.List;

/** A minimal device, which reads and uses one chain at a time, exactly as specified. */
final class NaiveDevice {
    /** One descriptor as the device reads it. */
    record Buffer(long address, long length, boolean writable) {}

    /** One chain as the device reads it. */
    record Chain(int id, List<Buffer> buffers) {}

    private final DriverMemory memory;
    private final SplitDriver driver;
    private int lastAvail;
    private int usedIdx;

    NaiveDevice(SplitDriver driver, int index) {
        this.memory = driver.memory();
        this.driver = driver;
        this.lastAvail = index;
        this.usedIdx = index;
    }

    int available() {
        return memory.get16(driver.availAddress() + 2) - lastAvail & 0xffff;
    }

    Chain take() {
        int head = memory.get16(driver.availAddress() + 4 + 2L * (lastAvail % driver.size()));
        lastAvail = lastAvail + 1 & 0xffff;
        List<Buffer> buffers = new ArrayList<>();
        long table = driver.descAddress();
        int index = head;
        int flags;
        do {
            long at = table + 16L * index;
            long address = memory.get64(at);
            long length = memory.get32(at + 8) & 0xffff_ffffL;
            flags = memory.get16(at + 12);
            index = memory.get16(at + 14);
            if ((flags & SplitDriver.INDIRECT) != 0) {
                table = address;
                index = 0;
                flags = SplitDriver.NEXT;
            } else {
                buffers.add(new Buffer(address, length, (flags & SplitDriver.WRITE) != 0));
            }
        } while ((flags & SplitDriver.NEXT) != 0);
        return new Chain(head, buffers);
    }

    void use(int id, int length) {
        useWithoutIdx(id, length);
        setUsedIdx(usedIdx);
    }

    void useWithoutIdx(int id, int length) {
        long at = driver.usedAddress() + 4 + 8L * (usedIdx % driver.size());
        memory.put32(at, id);
        memory.put32(at + 4, length);
        usedIdx = usedIdx + 1 & 0xffff;
    }

    void setUsedIdx(int idx) {
        memory.put16(driver.usedAddress() + 2, idx);
    }

    void setFlags(int flags) {
        memory.put16(driver.usedAddress(), flags);
    }

    void setAvailEvent(int idx) {
        memory.put16(driver.usedAddress() + 4 + 8L * driver.size(), idx);
    }

    int usedEvent() {
        return memory.get16(driver.availAddress() + 4 + 2L * driver.size());
    }

    int availFlags() {
        return memory.get16(driver.availAddress());
    }
}
