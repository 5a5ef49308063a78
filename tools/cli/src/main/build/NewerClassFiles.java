// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Rewrites the class files of an archive whose format is older than Java 8's into the format of Java 17, with stack maps (JVMS 4.7.4).
 *
 * <p>The JVM does not take classes of the old formats into an AOT cache, nor classes and lambdas that refer to them; a release of the JDK even
 * fails to link any class in advance when there are such. picocli's and netty's classes are of old formats. With all of them in the cache
 * a start takes less than half of the processor time.
 *
 * <p>The order and the times of the entries stay, so that the same archive gives the same result.
 *
 * <p>Run by Maven after the archive was made: {@code java NewerClassFiles.java ARCHIVE}.
 */
public final class NewerClassFiles {
    private static final int CLASS_MAGIC_AND_VERSION = 8;
    private static final int FORMAT = ClassFile.JAVA_17_VERSION;

    private final ClassFile format;

    private NewerClassFiles(ClassLoader classes) {
        format = ClassFile.of(
                StackMapsOption.GENERATE_STACK_MAPS,
                ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(classes)));
    }

    /**
     * Rewrites an archive in its place.
     *
     * @param arguments the archive's path
     * @throws IOException if the archive cannot be read or written, or a class cannot be rewritten
     */
    public static void main(String[] arguments) throws IOException {
        Path archive = Path.of(arguments[0]);
        Path rewritten = archive.resolveSibling(archive.getFileName() + ".part");
        int classes = 0;
        try (ZipFile from = new ZipFile(archive.toFile());
                OutputStream file = Files.newOutputStream(rewritten);
                ZipOutputStream to = new ZipOutputStream(file);
                URLClassLoader loader =
                        new URLClassLoader(new URL[] {archive.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
            NewerClassFiles newer = new NewerClassFiles(loader);
            Enumeration<? extends ZipEntry> entries = from.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                byte[] bytes = contents(from, entry);
                if (isOldClass(entry, bytes)) {
                    bytes = newer.rewrite(entry.getName(), bytes);
                    classes++;
                }
                ZipEntry copy = new ZipEntry(entry.getName());
                copy.setTimeLocal(entry.getTimeLocal());
                to.putNextEntry(copy);
                to.write(bytes);
                to.closeEntry();
            }
        }
        Files.move(rewritten, archive, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        System.out.println(classes + " classes of " + archive.getFileName() + " rewritten");
    }

    private static byte[] contents(ZipFile archive, ZipEntry entry) throws IOException {
        try (InputStream in = archive.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    private static boolean isOldClass(ZipEntry entry, byte[] bytes) {
        return entry.getName().endsWith(".class")
                && bytes.length > CLASS_MAGIC_AND_VERSION
                && ((bytes[6] & 0xff) << 8 | (bytes[7] & 0xff)) < ClassFile.JAVA_8_VERSION;
    }

    private byte[] rewrite(String name, byte[] old) throws IOException {
        MethodTransform code = MethodTransform.transformingCode(CodeTransform.ACCEPT_ALL);
        ClassTransform whole = (to, element) -> {
            switch (element) {
                case ClassFileVersion _ -> to.withVersion(FORMAT, 0);
                case MethodModel method -> to.transformMethod(method, code);
                case ClassElement other -> to.with(other);
            }
        };
        byte[] rewritten = format.transformClass(format.parse(old), whole);
        List<VerifyError> errors = format.verify(rewritten);
        if (!errors.isEmpty()) {
            throw new IOException(
                    name + " cannot be rewritten: " + errors.getFirst().getMessage());
        }
        return rewritten;
    }
}
