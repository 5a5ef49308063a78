// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** The archive with everything that {@code vhost4j} runs. */
class ArchiveIT {
    private static final int VERSION_AT = 6;

    /** An AOT cache cannot contain classes of older formats, and a start takes twice as long. */
    @Test
    void noClassHasAFormatOlderThanJava8() throws IOException {
        List<String> old = new ArrayList<>();
        int classes = 0;
        try (ZipFile archive = new ZipFile(Path.of("target", "vhost4j.jar").toFile())) {
            for (ZipEntry entry : Collections.list(archive.entries())) {
                if (entry.getName().endsWith(".class")) {
                    classes++;
                    if (version(archive, entry) < ClassFile.JAVA_8_VERSION) {
                        old.add(entry.getName());
                    }
                }
            }
            assertThat(archive.getEntry("picocli/CommandLine.class")).isNotNull();
        }
        assertThat(classes).isPositive();
        assertThat(old).isEmpty();
    }

    private static int version(ZipFile archive, ZipEntry entry) throws IOException {
        try (InputStream in = archive.getInputStream(entry)) {
            byte[] start = in.readNBytes(VERSION_AT + 2);
            return (start[VERSION_AT] & 0xff) << 8 | (start[VERSION_AT + 1] & 0xff);
        }
    }
}
