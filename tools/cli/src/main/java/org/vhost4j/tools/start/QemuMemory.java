// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.vhost4j.tools.common.UnsupportedOption;

/** Stores the properties of QEMUs, by the identity of their files: device, inode, size, and time of the last change. */
final class QemuMemory {
    private final Notes notes;

    /**
     * Creates a memory of QEMU binaries.
     *
     * @param notes storage
     */
    QemuMemory(Notes notes) {
        this.notes = notes;
    }

    /**
     * Returns the properties of a QEMU.
     *
     * @param program path of the program
     * @return the remembered properties, or those queried now
     */
    QemuBinary of(Path program) {
        String name = name(program);
        Optional<QemuBinary> known = notes.read(name).flatMap(QemuBinary::ofText);
        if (known.isPresent()) {
            return known.get();
        }
        QemuBinary asked = QemuQuestions.ask(program);
        notes.write(name, asked.toText());
        return asked;
    }

    private static String name(Path program) {
        try {
            Path file = program.toRealPath();
            Map<String, Object> identity = Files.readAttributes(file, "unix:dev,ino,size");
            long changed = Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
            return "qemu-%s-%s-%s-%d"
                    .formatted(identity.get("dev"), identity.get("ino"), identity.get("size"), changed);
        } catch (IOException e) {
            throw new UnsupportedOption(program + " cannot be examined: " + e.getMessage());
        }
    }
}
