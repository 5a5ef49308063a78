// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/** Creates anonymous memory files (memfd_create(2)), such as the files in which front-ends share guest memory. */
public final class MemFd {
    private MemFd() {}

    /**
     * Creates a memory file that any process with the descriptor may shorten.
     *
     * @param name name shown in /proc, at most 249 bytes
     * @param size size in bytes, at least 0
     * @return the owner of the descriptor
     * @throws SystemError when the kernel is out of memory, or the process out of descriptors
     */
    public static Fd create(String name, long size) {
        return create(name, size, LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING);
    }

    /**
     * Creates a memory file of huge pages of the host's default size. All of them are reserved at once, so that a later mapping cannot fail
     * for lack of huge pages.
     *
     * @param name name shown in /proc, at most 249 bytes
     * @param size size in bytes, a multiple of the size of a huge page
     * @return the owner of the descriptor
     * @throws SystemError when the host has not enough free huge pages, or the size is no multiple of their size
     */
    public static Fd createHuge(String name, long size) {
        Fd fd;
        try {
            fd = create(name, size, LibC.MFD_CLOEXEC | LibC.MFD_HUGETLB);
        } catch (SystemError e) {
            throw noHugePages(name, size, e.errno());
        }
        // Huge pages are reserved when they are mapped, and stay reserved for the file.
        long address = LibC.mmap(size, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, fd.number(), 0);
        if (address < 0) {
            fd.close();
            throw noHugePages(name, size, (int) -address);
        }
        LibC.munmap(address, size);
        return fd;
    }

    private static SystemError noHugePages(String name, long size, int errno) {
        return new SystemError(
                "cannot create memory file " + name + " of " + size
                        + " bytes in huge pages (/proc/sys/vm/nr_hugepages says how many the host has)",
                errno);
    }

    private static Fd create(String name, long size, int flags) {
        Fd fd = Fd.of(LibC.memfdCreate(name, flags), "cannot create memory file " + name);
        try {
            resize(fd, size);
            return fd;
        } catch (SystemError e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Creates a memory file whose size is sealed permanently, as QEMU's {@code memory-backend-memfd} does.
     *
     * @param name name shown in /proc, at most 249 bytes
     * @param size size in bytes, at least 0
     * @return the owner of the descriptor
     * @throws SystemError when the kernel is out of memory, or the process out of descriptors
     */
    public static Fd createSealed(String name, long size) {
        Fd fd = create(name, size);
        int seals = LibC.F_SEAL_SHRINK | LibC.F_SEAL_GROW | LibC.F_SEAL_SEAL;
        int result = LibC.fcntl(fd.number(), LibC.F_ADD_SEALS, seals);
        if (result < 0) {
            fd.close();
            throw new SystemError("cannot seal memory file " + name, -result);
        }
        return fd;
    }

    /**
     * Changes a memory file's size.
     *
     * @param fd the file
     * @param size size in bytes, at least 0
     * @throws SystemError when the file is sealed or the kernel is out of memory
     */
    public static void resize(Fd fd, long size) {
        SystemError.check(LibC.ftruncate(fd.number(), size), "cannot give " + fd + " the size of " + size + " bytes");
    }

    /**
     * Frees the pages of a range (FALLOC_FL_PUNCH_HOLE). The file keeps its size, and the next access to the range causes a page fault.
     *
     * @param fd the file
     * @param offset offset of the first byte, a multiple of the page size
     * @param bytes number of bytes, a multiple of the page size
     * @throws SystemError when the file cannot have holes
     */
    public static void punch(Fd fd, long offset, long bytes) {
        int mode = LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE;
        SystemError.check(LibC.fallocate(fd.number(), mode, offset, bytes), "cannot free " + bytes + " bytes of " + fd);
    }
}
