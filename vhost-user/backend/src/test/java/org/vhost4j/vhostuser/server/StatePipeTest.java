// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vhost4j.sys.EventFd;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.SystemError;
import org.vhost4j.vhostuser.session.RefusedException;

/** Tests a front-end that reads and writes its end of the pipe as specified, and one that does not. */
@Timeout(300)
class StatePipeTest {
    private static final int F_SETPIPE_SZ = 1031;
    private static final int PAGE = 4096;

    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Fd read;
    private final Fd write;

    StatePipeTest() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
            SystemError.check(LibC.pipe(two.address(), LibC.O_CLOEXEC), "cannot create a pipe");
            read = Fd.of(two.get(ValueLayout.JAVA_INT, 0), "pipe");
            write = Fd.of(two.get(ValueLayout.JAVA_INT, Integer.BYTES), "pipe");
        }
        SystemError.check(LibC.fcntl(write.number(), F_SETPIPE_SZ, PAGE), "cannot make the pipe small");
    }

    /** Whatever happened, the thread is free again and no descriptor of the transfer is left open. */
    @AfterEach
    void close() throws Exception {
        thread.submit(() -> {}).get();
        thread.close();
        read.close();
        write.close();
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    private static void put(Fd to, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            for (int done = 0; done < bytes.length; ) {
                done += SystemError.check(
                        LibC.write(to.number(), from.address() + done, bytes.length - done), "cannot write");
            }
        }
    }

    private static byte[] takeAll(Fd from) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment into = arena.allocate(777);
            while (true) {
                int got = SystemError.check(LibC.read(from.number(), into.address(), 777), "cannot read");
                if (got == 0) {
                    return all.toByteArray();
                }
                all.writeBytes(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    private static void assertRefused(StatePipe transfer, String reason) {
        assertThatThrownBy(() -> transfer.result().get())
                .cause()
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aReaderThatTakesALittleAtATimeGetsAll() throws Exception {
        byte[] state = bytes(MovedState.MOST_BYTES);
        StatePipe transfer = StatePipe.write(write, state, thread);
        // Our end blocks: the flag that the transfer set is of the other end's open file.
        assertThat(takeAll(read)).isEqualTo(state);
        transfer.finish();
        assertThat(transfer.result().get()).isEqualTo(state);
        assertThat(write.isOpen()).isFalse();
    }

    @Test
    void aReaderThatIsGoneIsNoSignalAndNoHang() {
        read.close();
        assertRefused(StatePipe.write(write, bytes(PAGE), thread), "closed the pipe after 0 of 4096 bytes");
        assertThat(write.isOpen()).isFalse();
    }

    @Test
    void aReaderThatDoesNotReadFailsWhenItSaysThatItHas() {
        StatePipe transfer = StatePipe.write(write, bytes(3 * PAGE), thread);
        transfer.finish();
        assertRefused(transfer, "it has taken 4096 of 12288 bytes");
        assertThat(write.isOpen()).isFalse();
    }

    @Test
    void aWriterThatWritesALittleAtATimeIsHeardToTheEnd() throws Exception {
        byte[] state = bytes(5 * PAGE);
        StatePipe transfer = StatePipe.read(read, thread);
        put(write, state);
        write.close();
        transfer.finish();
        assertThat(transfer.result().get()).isEqualTo(state);
        assertThat(read.isOpen()).isFalse();
    }

    @Test
    void aWriterThatNeverClosesFailsWhenItSaysThatItIsDone() {
        StatePipe transfer = StatePipe.read(read, thread);
        put(write, bytes(10));
        transfer.finish();
        assertRefused(transfer, "it has not closed it after 10 bytes");
        assertThat(read.isOpen()).isFalse();
    }

    @Test
    void aWriterThatNeverEndsIsNotListenedToForLong() {
        StatePipe transfer = StatePipe.read(read, thread);
        try {
            put(write, bytes(MovedState.MOST_BYTES + 2 * PAGE));
        } catch (SystemError e) {
            // The other end may be closed already.
        }
        assertRefused(transfer, "longer than the maximum of 65536 bytes");
        assertThat(read.isOpen()).isFalse();
    }

    @Test
    void whatIsNoPipeIsRefused() {
        Fd other = EventFd.create().fd();
        assertRefused(StatePipe.write(other, bytes(8), thread), "is not a pipe");
        assertThat(other.isOpen()).isFalse();
    }
}
