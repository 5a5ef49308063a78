// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class FdTest {
    @Test
    void closesOnceAndNeverTheNumbersNextOwner() {
        Fd first = Fd.open("/dev/null", LibC.O_RDWR);
        int number = first.number();
        first.close();
        try (Fd next = Fd.open("/dev/zero", LibC.O_RDONLY)) {
            assertThat(next.number())
                    .as("the kernel gives the lowest free number")
                    .isEqualTo(number);
            first.close();
            assertThat(LibC.fcntl(next.number(), LibC.F_GETFD, 0)).isEqualTo(LibC.FD_CLOEXEC);
        }
        assertThat(first.isOpen()).isFalse();
        assertThatThrownBy(first::number).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aRefusalNamesThePathTheErrorAndItsText() {
        assertThatThrownBy(() -> Fd.open("/nowhere/at/all", LibC.O_RDONLY))
                .isInstanceOf(SystemError.class)
                .hasMessage("cannot open /nowhere/at/all: ENOENT (No such file or directory)")
                .extracting(e -> ((SystemError) e).errno())
                .isEqualTo(Errno.ENOENT);
    }

    @Test
    void aDuplicateOutlivesTheOriginal() {
        OpenDescriptors before = OpenDescriptors.now();
        Fd one = Fd.open("/dev/null", LibC.O_RDWR);
        Fd two = one.duplicate();
        assertThat(two.number()).isNotEqualTo(one.number());
        one.close();
        assertThat(LibC.fcntl(two.number(), LibC.F_GETFD, 0)).isEqualTo(LibC.FD_CLOEXEC);
        two.close();
        before.awaitNoOthers();
    }

    @Test
    void errorNumbersHaveTheirNames() {
        assertThat(Errno.name(Errno.EAGAIN)).isEqualTo("EAGAIN");
        assertThat(Errno.name(Errno.EMFILE)).isEqualTo("EMFILE");
        assertThat(Errno.name(Errno.EADDRINUSE)).isEqualTo("EADDRINUSE");
        assertThat(Errno.name(Errno.ECONNREFUSED)).isEqualTo("ECONNREFUSED");
        assertThat(Errno.name(Errno.LIMIT - 1)).isEqualTo("EHWPOISON");
        assertThat(Errno.name(Errno.LIMIT)).isEqualTo("errno 134");
        assertThat(Errno.name(41)).as("a hole in the list").isEqualTo("errno 41");
    }
}
