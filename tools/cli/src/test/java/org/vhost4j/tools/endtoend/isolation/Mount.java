// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.endtoend.isolation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system mounted in a private directory of a test. Needs root. */
final class Mount implements AutoCloseable {
    private static final int MNT_FORCE = 1;
    private static final int MNT_DETACH = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MOUNT = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("mount"),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.ADDRESS));
    private static final MethodHandle UMOUNT = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("umount2"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    private final Path directory;

    private Mount(Path directory) {
        this.directory = directory;
    }

    /** Mounts a file system on a fresh directory. */
    static Mount of(String type, String options) {
        try (Arena arena = Arena.ofConfined()) {
            Path directory = Files.createTempDirectory("vhost4j-mount");
            MemorySegment kind = arena.allocateFrom(type);
            int result = (int) MOUNT.invokeExact(
                    kind, arena.allocateFrom(directory.toString()), kind, 0L, arena.allocateFrom(options));
            if (result != 0) {
                Files.delete(directory);
                throw new AssertionError("cannot mount " + type + " with " + options + ": these tests want root");
            }
            return new Mount(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    /** Unmounts the file system, also when its server does not respond: blocked calls return with an error. */
    @Override
    public void close() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(directory.toString());
            int forced = (int) UMOUNT.invokeExact(path, MNT_FORCE);
            if (forced != 0) {
                int detached = (int) UMOUNT.invokeExact(path, MNT_DETACH);
                if (detached != 0) {
                    throw new AssertionError("cannot unmount " + directory);
                }
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
