// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;

/** One region of guest memory: a memory file, our mapping of it, and where the guest sees it. */
public final class Ram implements AutoCloseable {
    private static final String NAME = "vhost4j-guest-ram";

    private final Fd file;
    private final MappedFile mapping;
    private final long fileOffset;
    private final long guestAddress;
    private final DriverMemory memory;

    private Ram(Fd file, MappedFile mapping, long fileOffset, long guestAddress, long driverAddress) {
        this.file = file;
        this.mapping = mapping;
        this.fileOffset = fileOffset;
        this.guestAddress = guestAddress;
        this.memory = new DriverMemory(mapping.segment(), driverAddress);
    }

    /**
     * Creates a region at the beginning of a new file.
     *
     * @param guestAddress guest-physical address of its first byte
     * @param bytes its size, a multiple of the page size
     * @return the region
     */
    public static Ram create(long guestAddress, long bytes) {
        return create(guestAddress, bytes, 0);
    }

    /**
     * Creates a region inside a new file.
     *
     * @param guestAddress guest-physical address of its first byte
     * @param bytes its size, a multiple of the page size
     * @param fileOffset where it begins in the file, a multiple of the page size
     * @return the region
     */
    public static Ram create(long guestAddress, long bytes, long fileOffset) {
        return create(guestAddress, guestAddress, bytes, fileOffset);
    }

    /**
     * Creates a region behind an IOMMU at the beginning of a new file.
     *
     * @param guestAddress guest-physical address of its first byte
     * @param ioVirtualAddress the address by which the driver gives its first byte to the device
     * @param bytes its size, a multiple of the page size
     * @return the region
     */
    public static Ram behindIommu(long guestAddress, long ioVirtualAddress, long bytes) {
        return create(guestAddress, ioVirtualAddress, bytes, 0);
    }

    /**
     * Creates a region of huge pages at the beginning of a new file.
     *
     * @param guestAddress guest-physical address of its first byte
     * @param bytes its size, a multiple of the size of a huge page
     * @return the region
     * @throws org.vhost4j.sys.SystemError when the host has not enough free huge pages
     */
    public static Ram huge(long guestAddress, long bytes) {
        return map(MemFd.createHuge(NAME, bytes), guestAddress, guestAddress, bytes, 0);
    }

    /**
     * Guest memory in a file of any kind.
     *
     * @param file as long as the memory; owned by this object from now on
     * @param guestAddress where the guest sees it
     * @param bytes its size
     * @return the memory
     * @throws org.vhost4j.sys.SystemError when the file cannot be mapped
     */
    public static Ram over(Fd file, long guestAddress, long bytes) {
        return map(file, guestAddress, guestAddress, bytes, 0);
    }

    private static Ram create(long guestAddress, long driverAddress, long bytes, long fileOffset) {
        return map(MemFd.create(NAME, fileOffset + bytes), guestAddress, driverAddress, bytes, fileOffset);
    }

    private static Ram map(Fd file, long guestAddress, long driverAddress, long bytes, long fileOffset) {
        try {
            return new Ram(
                    file,
                    MappedFile.map(file, fileOffset, bytes, "guest memory"),
                    fileOffset,
                    guestAddress,
                    driverAddress);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * The region from the driver's side.
     *
     * @return memory and allocator
     */
    public DriverMemory memory() {
        return memory;
    }

    /**
     * The file.
     *
     * @return still owned by this object
     */
    public Fd file() {
        return file;
    }

    /**
     * Where the region begins in its file.
     *
     * @return bytes
     */
    public long fileOffset() {
        return fileOffset;
    }

    /**
     * Guest-physical address of the first byte.
     *
     * @return as created
     */
    public long guestAddress() {
        return guestAddress;
    }

    /**
     * Where an address of the driver's is in guest-physical memory.
     *
     * @param driverAddress an address in {@link #memory}
     * @return the same, unless the driver is behind an IOMMU
     */
    public long toGuest(long driverAddress) {
        return driverAddress - memory.guestBase() + guestAddress;
    }

    /**
     * Address of the first byte in this process, by which ring addresses are given.
     *
     * @return a virtual address
     */
    public long userAddress() {
        return mapping.segment().address();
    }

    /**
     * The region's size.
     *
     * @return bytes
     */
    public long bytes() {
        return memory.size();
    }

    /**
     * Translates an address as ring addresses are translated.
     *
     * @param address as the driver gives it to the device, inside this region
     * @return the virtual address of this process
     */
    public long toUser(long address) {
        return userAddress() + memory.offset(address);
    }

    /**
     * Cuts the file, so that every mapping of it loses the rest. Nothing of the region beyond may be touched by this process
     * afterwards.
     *
     * @param bytes what is left of the file
     */
    public void truncate(long bytes) {
        MemFd.resize(file, bytes);
    }

    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
