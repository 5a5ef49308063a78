// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.crash;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * A class loader that instruments the device model, so that a test can simulate the death of the process before any
 * store to memory that outlives it: rings, buffers and saved positions. It inserts a call of {@link #store()} into the
 * bytecode before each store to memory. Stores of the driver are not counted.
 */
public final class DyingMemory extends ClassLoader {
    /** Thrown instead of a store: the simulated process is dead, and makes no further store. */
    public static final class Death extends Error {
        private static final long serialVersionUID = 1;

        Death() {
            super("dead", null, false, false);
        }
    }

    private static final String MODEL = "org.vhost4j.device.";
    private static final ClassDesc COUNTER = ClassDesc.of(DyingMemory.class.getName());
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(ConstantDescs.CD_void);

    private static long left = Long.MAX_VALUE;
    private static boolean dead;

    DyingMemory(ClassLoader parent) {
        super(parent);
    }

    /** Starts a simulated process that dies before its n-th store, from 1 on. */
    public static void dieAt(long n) {
        left = n;
        dead = false;
    }

    /** Lets the simulated process survive. */
    public static void live() {
        dieAt(Long.MAX_VALUE);
    }

    /** Called by the loaded bytecode before each store. */
    public static void store() {
        if (dead || --left == 0) {
            dead = true;
            throw new Death();
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(MODEL) || name.startsWith(DyingMemory.class.getName())) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded == null) {
                byte[] bytes = bytes(name);
                loaded = defineClass(name, bytes, 0, bytes.length);
            }
            return loaded;
        }
    }

    private byte[] bytes(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] original = in.readAllBytes();
            boolean driver = name.startsWith(MODEL + "driver.") || name.startsWith(MODEL + "crash.");
            ClassFile file = ClassFile.of();
            return driver
                    ? original
                    : file.transformClass(file.parse(original), ClassTransform.transformingMethodBodies((CodeTransform)
                            DyingMemory::count));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void count(CodeBuilder code, CodeElement element) {
        if (element instanceof InvokeInstruction call && stores(call)) {
            code.invokestatic(COUNTER, "store", STORE);
        }
        code.with(element);
    }

    private static boolean stores(InvokeInstruction call) {
        String owner = call.owner().asInternalName();
        String name = call.name().stringValue();
        return switch (owner) {
            case "java/lang/invoke/VarHandle" -> name.startsWith("set") || name.startsWith("compareAndSet");
            case "java/lang/foreign/MemorySegment" ->
                name.equals("copy") || name.equals("set") || name.equals("fill") || name.equals("copyFrom");
            default -> false;
        };
    }
}
