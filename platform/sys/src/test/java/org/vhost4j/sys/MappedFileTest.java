// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MappedFileTest {
    @Test
    void twoMappingsShareTheFileAndOffsetsNeedNoAlignment() {
        try (Fd file = MemFd.create("test", 3 * 4096);
                MappedFile whole = MappedFile.map(file, 0, 3 * 4096, "all");
                MappedFile part = MappedFile.map(file, 4096 + 24, 100, "part")) {
            part.segment().set(ValueLayout.JAVA_INT, 0, 0x12345678);
            assertThat(whole.segment().get(ValueLayout.JAVA_INT, 4096 + 24)).isEqualTo(0x12345678);
            assertThat(part.segment().byteSize()).isEqualTo(100);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 8193, '0', '8193'",
        "4096, 4097, '4096', '4097'",
        "8193, 1, '8193', '1'",
        "0, 0, '0', '0'",
        "4096, -4096, '4096', '18446744073709547520'",
        "-4096, 8192, '18446744073709547520', '8192'",
        "9223372036854775807, 9223372036854775807, '9223372036854775807', '9223372036854775807'",
    })
    void whatIsNotInTheFileIsRefusedWithBothNumbers(long offset, long size, String offsetText, String sizeText) {
        OpenDescriptors before = OpenDescriptors.now();
        try (Fd file = MemFd.create("test", 8192)) {
            assertThatThrownBy(() -> MappedFile.map(file, offset, size, "region 3"))
                    .isInstanceOf(SystemError.class)
                    .hasMessage("cannot map region 3: it takes " + sizeText + " bytes at offset " + offsetText
                            + ", but the file has 8192 bytes");
        }
        before.awaitNoOthers();
    }

    @Test
    void mappingNeverGrowsTheFile() {
        try (Fd file = MemFd.create("test", 4096)) {
            assertThatThrownBy(() -> MappedFile.map(file, 0, 1 << 20, "region 0"))
                    .isInstanceOf(SystemError.class);
            assertThat(FileStatus.of(file).size()).isEqualTo(4096);
        }
    }

    @Test
    void aFileThatMayNotBeWrittenIsRefusedByName(@TempDir Path directory) throws IOException {
        Path path = directory.resolve("readonly");
        Files.write(path, new byte[4096]);
        OpenDescriptors before = OpenDescriptors.now();
        try (Fd file = Fd.open(path.toString(), LibC.O_RDONLY)) {
            assertThatThrownBy(() -> MappedFile.map(file, 0, 4096, "region 0"))
                    .hasMessage("cannot map region 0 (4096 bytes at offset 0): EACCES (Permission denied)");
        }
        before.awaitNoOthers();
    }

    @Test
    void seesWhetherTheFileCanShrinkAndWhetherItDid() {
        try (Fd open = MemFd.create("test", 8192);
                MappedFile low = MappedFile.map(open, 0, 4096, "low");
                MappedFile high = MappedFile.map(open, 4096, 4096, "high");
                Fd sealed = MemFd.createSealed("test", 4096);
                MappedFile safe = MappedFile.map(sealed, 0, 4096, "safe")) {
            assertThat(safe.shrinkSealed()).isTrue();
            assertThat(safe.intact()).isTrue();
            assertThatThrownBy(() -> MemFd.resize(sealed, 0)).hasMessageContaining("EPERM");
            assertThat(high.shrinkSealed()).isFalse();
            assertThat(high.intact()).isTrue();
            MemFd.resize(open, 4096);
            assertThat(high.intact()).isFalse();
            assertThat(low.intact()).isTrue();
        }
    }

    @Test
    void closingUnmapsOnceAndLeavesNothing() throws IOException {
        OpenDescriptors before = OpenDescriptors.now();
        Fd file = MemFd.create("vhost4j-closing", 4096);
        MappedFile mapped = MappedFile.map(file, 0, 4096, "all");
        file.close();
        assertThat(Files.readString(Path.of("/proc/self/maps"))).contains("vhost4j-closing");
        mapped.close();
        mapped.close();
        assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain("vhost4j-closing");
        before.awaitNoOthers();
        assertThatThrownBy(() -> mapped.segment().get(ValueLayout.JAVA_BYTE, 0))
                .isInstanceOf(IllegalStateException.class);
    }
}
