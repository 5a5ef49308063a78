// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.it;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * Adds files to a guest's initramfs: the kernel unpacks concatenated archives, each at a multiple of four bytes
 * (Documentation/driver-api/early-userspace/buffer-format.rst in Linux).
 */
final class Initramfs {
    private static final String MAGIC = "070701";
    private static final int FIELDS = 13;
    private static final int HEADER = MAGIC.length() + 8 * FIELDS;
    private static final int REGULAR_FILE = 0100644;
    private static final int ALIGNMENT = 4;

    private Initramfs() {}

    /**
     * Appends an archive of one file.
     *
     * @param initramfs the initramfs
     * @param name where the guest finds it, without the first slash
     * @param file the file
     */
    static void append(Path initramfs, String name, Path file) throws IOException {
        long size = Files.size(initramfs);
        try (OutputStream out =
                new BufferedOutputStream(Files.newOutputStream(initramfs, StandardOpenOption.APPEND), 1 << 16)) {
            pad(out, size);
            entry(out, name, REGULAR_FILE, Files.size(file));
            Files.copy(file, out);
            pad(out, Files.size(file));
            entry(out, "TRAILER!!!", 0, 0);
        }
    }

    private static void entry(OutputStream out, String name, int mode, long bytes) throws IOException {
        StringBuilder header = new StringBuilder(MAGIC);
        long[] fields = {1, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, name.length() + 1, 0};
        for (long field : fields) {
            header.append(String.format(Locale.ROOT, "%08x", field));
        }
        header.append(name).append('\0');
        out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
        pad(out, HEADER + name.length() + 1);
    }

    private static void pad(OutputStream out, long written) throws IOException {
        out.write(new byte[(int) (-written & (ALIGNMENT - 1))]);
    }
}
