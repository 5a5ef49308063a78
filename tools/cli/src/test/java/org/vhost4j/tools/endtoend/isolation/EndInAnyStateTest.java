// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.frontend.FrontEnd;
import org.vhost4j.frontend.RawMessage;
import org.vhost4j.sys.Fd;
import org.vhost4j.vhostuser.wire.MemoryRegion;
import org.vhost4j.vhostuser.wire.MemoryRegions;
import org.vhost4j.vhostuser.wire.Request;

/**
 * Tests that SIGTERM ends the program also when a lane is blocked on memory whose server does not respond, which {@code
 * --memory=any} allows.
 */
class EndInAnyStateTest {
    private static final long BYTES = 1 << 20;

    @TempDir
    Path directory;

    @Test
    void aLaneThatWaitsForAFuseDaemonDoesNotKeepTheProgram() throws Exception {
        SilentFuse fuse = new SilentFuse(BYTES);
        try (fuse;
                ChildBackEnd child = ChildBackEnd.start(directory, "run", "--socket-path=a.sock", "--memory=any")) {
            child.awaitLine("waiting for a front-end");
            try (FrontEnd frontEnd = FrontEnd.connect(directory.resolve("a.sock"))) {
                Fd file = fuse.openAndFallSilent();
                byte[] table = FrontEnd.bytes(
                        new MemoryRegions(List.of(new MemoryRegion(0, BYTES, 0x7000_0000_0000L, 0))).toPayload());
                frontEnd.sendRaw(RawMessage.encode(Request.SET_MEM_TABLE.code(), 1, table), List.of(file));
                fuse.awaitQuestion();
                child.terminate();
                child.awaitLine("did not end within 3 s");
                // The kernel itself waits for the daemon when a process that has the file open ends.
                fuse.close();
                file.close();
                assertThat(child.awaitEnd(60)).isEqualTo(1);
            }
        }
    }

    @Test
    void theProgramEndsWellWhenNothingWaits() throws Exception {
        try (ChildBackEnd child = ChildBackEnd.start(directory, "run", "--socket-path=a.sock")) {
            child.awaitLine("waiting for a front-end");
            child.terminate();
            assertThat(child.awaitEnd(60)).isZero();
        }
    }
}
