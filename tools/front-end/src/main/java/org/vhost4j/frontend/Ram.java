// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

import org.vhost4j.device.driver.DriverMemory;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.MemFd;

/** One region of guest memory: a memory file, this process's mapping of it, and its guest-physical address. */
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
     * @param guestAddress the guest-physical address of the first byte
     * @param bytes the size in bytes, a multiple of the page size
     * @return the region
     */
    public static Ram create(long guestAddress, long bytes) {
        return create(guestAddress, bytes, 0);
    }

    /**
     * Creates a region inside a new file.
     *
     * @param guestAddress the guest-physical address of the first byte
     * @param bytes the size in bytes, a multiple of the page size
     * @param fileOffset the offset in the file, in bytes, a multiple of the page size
     * @return the region
     */
    public static Ram create(long guestAddress, long bytes, long fileOffset) {
        return create(guestAddress, guestAddress, bytes, fileOffset);
    }

    /**
     * Creates a region behind an IOMMU at the beginning of a new file.
     *
     * @param guestAddress the guest-physical address of the first byte
     * @param ioVirtualAddress the I/O virtual address of the first byte, which the driver passes to the device
     * @param bytes the size in bytes, a multiple of the page size
     * @return the region
     */
    public static Ram behindIommu(long guestAddress, long ioVirtualAddress, long bytes) {
        return create(guestAddress, ioVirtualAddress, bytes, 0);
    }

    /**
     * Creates a region of huge pages at the beginning of a new file.
     *
     * @param guestAddress the guest-physical address of the first byte
     * @param bytes the size in bytes, a multiple of the size of a huge page
     * @return the region
     * @throws org.vhost4j.sys.SystemError when the host does not have enough free huge pages
     */
    public static Ram huge(long guestAddress, long bytes) {
        return map(MemFd.createHuge(NAME, bytes), guestAddress, guestAddress, bytes, 0);
    }

    /**
     * Creates a region in an existing file of any kind.
     *
     * @param file the file, as long as the region; owned by the region from now on
     * @param guestAddress the guest-physical address of the first byte
     * @param bytes the size in bytes
     * @return the region
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
     * Returns the driver's view of the region.
     *
     * @return the memory with its allocator
     */
    public DriverMemory memory() {
        return memory;
    }

    /**
     * Returns the file of the region.
     *
     * @return the descriptor, still owned by this object
     */
    public Fd file() {
        return file;
    }

    /**
     * Returns the offset at which the region begins in its file.
     *
     * @return the offset in bytes
     */
    public long fileOffset() {
        return fileOffset;
    }

    /**
     * Returns the guest-physical address of the first byte.
     *
     * @return the address
     */
    public long guestAddress() {
        return guestAddress;
    }

    /**
     * Converts an address of the driver to a guest-physical address.
     *
     * @param driverAddress an address in {@link #memory}
     * @return the guest-physical address, which is the same unless the driver is behind an IOMMU
     */
    public long toGuest(long driverAddress) {
        return driverAddress - memory.guestBase() + guestAddress;
    }

    /**
     * Returns the address of the first byte in this process. SET_VRING_ADDR carries ring addresses in this address space.
     *
     * @return a virtual address
     */
    public long userAddress() {
        return mapping.segment().address();
    }

    /**
     * Returns the region's size.
     *
     * @return the size in bytes
     */
    public long bytes() {
        return memory.size();
    }

    /**
     * Converts an address of the driver to the address in this process, as for ring addresses.
     *
     * @param address the address that the driver passes to the device, inside this region
     * @return the virtual address in this process
     */
    public long toUser(long address) {
        return userAddress() + memory.offset(address);
    }

    /**
     * Truncates the file, so that the rest of every mapping becomes inaccessible. This process must not access the rest
     * of the region afterwards.
     *
     * @param bytes the new size of the file in bytes
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
