// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.sys.Await;

/**
 * The monitor of a real QEMU 11 without a machine, with a network client named like a guest of the fixture. It serves
 * one client at a time.
 */
final class RealMonitor implements AutoCloseable {

    private final Process process;
    private final Path path;

    RealMonitor(Path directory) throws IOException {
        path = directory.resolve("real.sock");
        Lab lab = Lab.find();
        lab.provision();
        process = new ProcessBuilder(List.of(
                        lab.files().resolve("qemu-11").toString(),
                        "-machine",
                        "none",
                        "-accel",
                        "qtest",
                        "-nodefaults",
                        "-netdev",
                        "hubport,id=guest0,hubid=0",
                        "-display",
                        "none",
                        "-qmp",
                        "unix:" + path + ",server=on,wait=off"))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("real.log").toFile())
                .start();
        Await.until("QEMU listens on " + path, () -> {
            if (!process.isAlive()) {
                throw new IOException("QEMU ended before it listened on " + path);
            }
            return listens();
        });
    }

    private boolean listens() {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false;
        }
    }

    Path path() {
        return path;
    }

    /** Waits for QEMU's end. */
    int await() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
