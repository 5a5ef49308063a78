// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.guests.qemu.LabQemu;

/**
 * The steps of a script with libvirt. A step is {@code ### NAME} on a line, then the output of a command, then {@code
 * ### = STATUS}.
 *
 * @param all the steps by name
 */
record LibvirtSteps(Map<String, Step> all) {
    private static final Pattern STEP = Pattern.compile("(?s)### (\\S+)\n(.*?)\n### = (\\d+)\n");

    /** The output of a step, and its exit status. */
    record Step(String name, String said, int status) {
        Step succeeds() {
            assertThat(status).as(name + ": " + said).isZero();
            return this;
        }

        Step fails() {
            assertThat(status).as(name + ": " + said).isNotZero();
            return this;
        }

        void says(String what) {
            assertThat(said).as(name).contains(what);
        }
    }

    Step step(String name) {
        return Optional.ofNullable(all.get(name)).orElseThrow();
    }

    /**
     * Makes {@code vhost4j-qemu} an emulator for libvirt, with the QEMU of Debian 13 behind it.
     *
     * @param directory empty
     * @return the emulator
     */
    static Path install(Path directory) throws IOException, InterruptedException {
        // For users other than ours.
        var all = PosixFilePermissions.fromString("rwxr-xr-x");
        Files.setPosixFilePermissions(directory, all);
        Installation installation = new Installation(directory);
        Files.setPosixFilePermissions(installation.home().resolve("tools/vhost4j"), all);
        Path emulator = installation.program();
        Files.writeString(
                directory.resolve(emulator.getFileName() + ".conf"),
                "home = %s\nqemu = %s\n".formatted(installation.home(), LabQemu.OF_DEBIAN_13.executable()));
        return emulator;
    }

    /** Writes a script, which is beside this class, into a directory. */
    static Path script(String name, Path directory) throws IOException {
        Path script = directory.resolve(name);
        try (var in = LibvirtSteps.class.getResourceAsStream(name)) {
            Files.write(script, in.readAllBytes());
        }
        return script;
    }

    /** What a root must see for an emulator in a directory to work: that directory, and the Java and the classes of this test. */
    static List<String> seen(Path directory) {
        List<String> paths = new ArrayList<>(List.of(directory.toString(), System.getProperty("java.home")));
        paths.addAll(List.of(System.getProperty("java.class.path").split(File.pathSeparator)));
        return paths.stream()
                .filter(path -> !path.isEmpty() && Files.exists(Path.of(path)))
                .toList();
    }

    /** The scripts of the lab, which are beside this module. */
    static Path labScripts() {
        return Path.of("").toAbsolutePath().resolveSibling("lab");
    }

    /**
     * Runs a command that prints steps.
     *
     * @param command to its end
     * @param last the step without which the command has failed
     * @return the steps
     */
    static LibvirtSteps run(List<String> command, String last) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        LibvirtSteps steps = of(said);
        assertThat(steps.all()).as(said).containsKey(last);
        return steps;
    }

    /** The steps in what a command has printed. */
    static LibvirtSteps of(String said) {
        Map<String, Step> all = new HashMap<>();
        for (Matcher step = STEP.matcher(said); step.find(); ) {
            all.put(step.group(1), new Step(step.group(1), step.group(2), Integer.parseInt(step.group(3))));
        }
        return new LibvirtSteps(all);
    }
}
