// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.session.RefusedException;
import org.vhost4j.vhostuser.session.RegionMapper;

/** Maps the memory regions of one front-end. Keeps the list of mappings, to detect that the front-end has truncated a file. */
final class GuestMemoryMapper implements RegionMapper {
    private final boolean any;
    /** The mappings. Changed by the guest's home lane; lanes of its other seats read them, too. */
    private final List<MappedFile> mappings = new CopyOnWriteArrayList<>();

    /**
     * Creates a mapper without mappings.
     *
     * @param any whether files other than memfd, tmpfs and hugetlbfs are mapped, which can block the lane
     */
    GuestMemoryMapper(boolean any) {
        this.any = any;
    }

    @Override
    public Mapping map(Fd file, long offset, long size, String what) throws RefusedException {
        // Checked before any other call on the file: a call on a file that another process serves (FUSE) can block.
        if (!any && !MappedFile.isMemory(file)) {
            throw new RefusedException(
                    what + " is not a memfd or a file of tmpfs or hugetlbfs, and waiting for another kind of"
                            + " file would block every guest: give QEMU memory-backend-memfd, or start with"
                            + " --memory=any");
        }
        MappedFile mapped;
        try {
            mapped = MappedFile.map(file, offset, size, what);
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
        mappings.add(mapped);
        return new Mapping() {
            @Override
            public MemorySegment memory() {
                return mapped.segment();
            }

            @Override
            public Fd file() {
                return mapped.file();
            }

            @Override
            public void close() {
                mappings.remove(mapped);
                mapped.close();
            }
        };
    }

    /** Returns the inode number of the file that is mapped at an address of this process; 0 when there is none. */
    long inodeAt(long address) {
        for (MappedFile mapped : mappings) {
            long begin = mapped.segment().address();
            if (address >= begin && address - begin < mapped.segment().byteSize()) {
                return mapped.inode();
            }
        }
        return 0;
    }

    /** Returns whether every file still extends to the end of its mapping. */
    boolean intact() {
        for (MappedFile mapped : mappings) {
            if (!mapped.intact()) {
                return false;
            }
        }
        return true;
    }
}
