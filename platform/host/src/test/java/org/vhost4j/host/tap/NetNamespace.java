// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace for one test, held by a thread that was moved into it. Everything that the thread opens and
 * starts belongs to the namespace, which is removed when the thread ends. Needs root.
 */
public final class NetNamespace implements AutoCloseable {
    private static final int CLONE_NEWNET = 0x40000000;

    private static final class C {
        static {
            Native.register(C.class, "c");
        }

        static native int unshare(int flags);
    }

    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    /** Creates a namespace that has only a loopback interface, which is down. */
    public NetNamespace() throws Exception {
        run(() -> {
            if (C.unshare(CLONE_NEWNET) != 0) {
                throw new AssertionError(
                        "this test needs root: cannot create a network namespace, errno " + Native.getLastError());
            }
            return 0;
        });
    }

    /** Runs a task in the namespace, and waits for it. */
    public <T> T run(Callable<T> task) throws Exception {
        try {
            return thread.submit(task).get(120, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failed) {
                throw failed;
            }
            if (e.getCause() instanceof Exception failed) {
                throw failed;
            }
            throw e;
        }
    }

    /** Runs a command in the calling thread's namespace; fails unless its exit status is 0. */
    public static void command(String line) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(line.split(" ")).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        // Left to the collector otherwise, and the tests count descriptors.
        process.getOutputStream().close();
        process.getInputStream().close();
        process.getErrorStream().close();
        if (status != 0) {
            throw new AssertionError(line + ": " + output);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
