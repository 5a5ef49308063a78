// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.session;

import java.lang.foreign.MemorySegment;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.MappedFile;
import org.vhost4j.sys.SystemError;

/** Maps the memory regions of a front-end. */
@FunctionalInterface
public interface RegionMapper {
    /** A mapper that uses mmap(2) with MAP_SHARED. */
    RegionMapper FILES = (file, offset, size, what) -> {
        try {
            MappedFile mapped = MappedFile.map(file, offset, size, what);
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
                    mapped.close();
                }
            };
        } catch (SystemError e) {
            throw new RefusedException(e);
        }
    };

    /**
     * Maps a part of a file for reading and writing.
     *
     * @param file the file; still owned by the caller, who closes it as soon as this returns
     * @param offset offset of the first byte in the file, unsigned
     * @param size number of bytes, at least 1
     * @param what name of the mapping for messages
     * @return the mapping, which the caller closes
     * @throws RefusedException when the file is too short or cannot be mapped
     */
    Mapping map(Fd file, long offset, long size, String what) throws RefusedException;

    /** One mapped region. */
    interface Mapping extends AutoCloseable {
        /**
         * Returns the mapped bytes.
         *
         * @return native memory of exactly the requested size
         */
        MemorySegment memory();

        /**
         * Returns the mapped file, which may be handed over to another process.
         *
         * @return the descriptor, still owned by this object
         */
        Fd file();

        /** Unmaps the memory. Called once, when no thread uses it any more. */
        @Override
        void close();
    }
}
