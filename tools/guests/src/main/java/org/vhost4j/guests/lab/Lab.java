// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vhost4j.tools.common.UnsupportedOption;

/** The scripts of {@code tools/lab}, which provision and start guests. */
public final class Lab {
    private final Path scripts;

    private Lab(Path scripts) {
        this.scripts = scripts;
    }

    /**
     * Finds the lab: below the directory that the launcher names, or in a parent of the working directory.
     *
     * @return the lab, which may not have been provisioned yet
     * @throws UnsupportedOption when the scripts are not found
     */
    public static Lab find() {
        String home = System.getProperty("vhost4j.home");
        Optional<Path> above = Optional.ofNullable(home == null ? Path.of("").toAbsolutePath() : Path.of(home));
        while (above.isPresent()) {
            Path scripts = above.get().resolve("tools/lab");
            if (Files.isExecutable(scripts.resolve("provision"))) {
                return new Lab(scripts);
            }
            above = Optional.ofNullable(above.get().getParent());
        }
        throw new UnsupportedOption("tools/lab was not found: run this from a checkout, with tools/vhost4j");
    }

    /**
     * Provisions what is missing: QEMU, kernel, initramfs. The script's output goes to this process's output. When something is missing,
     * this needs root and Debian's packages and takes some minutes; otherwise it takes milliseconds.
     *
     * @throws UnsupportedOption when the script fails; it has printed the reason
     */
    public void provision() {
        provision(List.of());
    }

    /**
     * Provisions everything that {@link #provision} does, and a guest with a Java runtime in {@code /java} and the kernel's vhost-net
     * modules.
     *
     * @return the initramfs of that guest, for {@code -initrd}; further archives may be appended to it
     * @throws UnsupportedOption when the script fails; it has printed the reason
     * @throws IOException when the script cannot be run
     */
    public Path provisionWithJava() throws IOException {
        provision(List.of("--java"));
        return files().resolve("initramfs-java");
    }

    /**
     * Provisions a guest with another Debian kernel, a Java runtime, and the kernel's virtualization modules.
     *
     * @param series the kernel series, such as {@code 6.1}, one of {@code tools/lab/kernels}; also the value of {@code guest --kernel}
     * @return the initramfs of that guest, for {@code -initrd}; further archives may be appended to it
     * @throws UnsupportedOption when the script fails; it has printed the reason
     * @throws IOException when the script cannot be run
     */
    public Path provisionKernel(String series) throws IOException {
        provision(List.of("--kernel", series));
        return files().resolve("kernels").resolve(series).resolve("initramfs");
    }

    /**
     * Provisions a QEMU with a patch that passes USO to {@code -netdev vhost-user} when the option is set, and the same QEMU without the
     * patch. Both are built from source the first time, which takes a quarter of an hour.
     *
     * @throws UnsupportedOption when the script fails; it has printed the reason
     */
    public void provisionUsoQemu() {
        provision(List.of("--uso-qemu"));
    }

    private void provision(List<String> options) {
        List<String> command = new ArrayList<>(List.of(script("provision")));
        command.addAll(options);
        try {
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            int status = builder.start().waitFor();
            if (status != 0) {
                throw new UnsupportedOption("the guest lab could not be provisioned: see the lines above");
            }
        } catch (IOException e) {
            throw new UnsupportedOption("the guest lab could not be provisioned: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnsupportedOption("interrupted");
        }
    }

    /**
     * Returns the directory of the lab's files.
     *
     * @return a directory in the user's cache
     * @throws IOException when the script cannot be run
     */
    public Path files() throws IOException {
        Process process = new ProcessBuilder(script("provision"), "--where").start();
        try (var out = process.inputReader()) {
            return Path.of(Optional.ofNullable(out.readLine()).orElseThrow(() -> new IOException("no answer")));
        }
    }

    /** Returns the command line that boots a guest. */
    List<String> guestCommand(String... arguments) {
        List<String> command = new ArrayList<>(List.of(script("guest")));
        command.addAll(List.of(arguments));
        return command;
    }

    private String script(String name) {
        return scripts.resolve(name).toString();
    }
}
