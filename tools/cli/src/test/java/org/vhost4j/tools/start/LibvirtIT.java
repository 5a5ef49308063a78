// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.guests.qemu.LabQemu;

/** A stock libvirt with {@code vhost4j-qemu} as the emulator, and nothing else changed. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class LibvirtIT {
    private static final Pattern STEP = Pattern.compile("(?s)### (\\S+)\n(.*?)\n### = (\\d+)\n");
    private static final int TESTER = 1000;

    @TempDir
    Path directory;

    private Path emulator;
    private Path script;

    /** What a step said, and its status. */
    private record Step(String name, String said, int status) {
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

    /** What the script has done. */
    private record Steps(Map<String, Step> all) {
        Step step(String name) {
            return Optional.ofNullable(all.get(name)).orElseThrow();
        }
    }

    @BeforeEach
    void install() throws Exception {
        // For users other than ours.
        Set<PosixFilePermission> all = PosixFilePermissions.fromString("rwxr-xr-x");
        Files.setPosixFilePermissions(directory, all);
        Installation installation = new Installation(directory);
        Files.setPosixFilePermissions(installation.home().resolve("tools/vhost4j"), all);
        emulator = installation.program();
        Files.writeString(
                directory.resolve(emulator.getFileName() + ".conf"),
                "home = %s\nqemu = %s\n".formatted(installation.home(), LabQemu.OF_DEBIAN_13.executable()));
        script = directory.resolve("libvirt.sh");
        try (var in = LibvirtIT.class.getResourceAsStream("libvirt.sh")) {
            Files.write(script, in.readAllBytes());
        }
    }

    private Steps run(String mode, List<String> as) throws IOException, InterruptedException {
        Lab.find().provision();
        // Beside this module.
        Path libvirt = Path.of("").toAbsolutePath().resolveSibling("lab").resolve("libvirt");
        List<String> command = new ArrayList<>(List.of(libvirt.toString()));
        List<String> paths = new ArrayList<>(List.of(directory.toString(), System.getProperty("java.home")));
        paths.addAll(List.of(System.getProperty("java.class.path").split(File.pathSeparator)));
        for (String path : paths) {
            if (!path.isEmpty() && Files.exists(Path.of(path))) {
                command.addAll(List.of("--with", path));
            }
        }
        command.addAll(as);
        command.addAll(List.of("bash", script.toString(), mode, emulator.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        Map<String, Step> all = new HashMap<>();
        for (Matcher step = STEP.matcher(said); step.find(); ) {
            all.put(step.group(1), new Step(step.group(1), step.group(2), Integer.parseInt(step.group(3))));
        }
        assertThat(all).as(said).containsKey("refused");
        return new Steps(all);
    }

    private static void holds(Steps steps) {
        steps.step("define").succeeds();
        steps.step("unlisted").fails().says("does not support machine type 'pc-q35-9.1_linux-99'");
        steps.step("edit").succeeds();
        steps.step("defined").says("machine='pc-q35-9.1_linux-6.0'");
        steps.step("start").succeeds();
        assertThat(steps.step("platforms").said())
                .containsPattern("\"name\":\"linux-6.0\"[^}]*\"in-use\":true,\"supported\":true");
        steps.step("attach").succeeds();
        steps.step("plugged-on").says("\"return\":true");
        steps.step("plugged-off").says("\"return\":false");
        steps.step("save").succeeds();
        steps.step("restore").succeeds();
        steps.step("restored").says("machine='pc-q35-9.1_linux-6.0'");
        steps.step("restored-off").says("\"return\":false");
        steps.step("named-define").succeeds();
        steps.step("named-start").succeeds();
        steps.step("named-on").says("\"return\":true");
        steps.step("named-off").says("\"return\":false");
        steps.step("refused").fails().says("vhost4j: There is no platform 'linux-99'");
        // The default is QEMU's, and none of our names.
        steps.step("default").succeeds().says("<machine>pc-i440fx-10.0</machine>");
    }

    @Test
    void ofAnOrdinaryUser() throws Exception {
        Files.setAttribute(emulator, "unix:uid", TESTER);
        Files.setAttribute(Path.of(emulator + ".conf"), "unix:uid", TESTER);
        Files.setAttribute(directory, "unix:uid", TESTER);
        String user = Integer.toString(TESTER);
        Steps steps = run("session", List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups"));
        holds(steps);
        steps.step("owner").says("tester");
        steps.step("migrate").succeeds();
        steps.step("migrated").says("machine='pc-q35-9.1_linux-6.0'");
        steps.step("migrated-off").says("\"return\":false");
        steps.step("stale").fails().says("pc-q35-11.1_linux-6.9");
        steps.step("refreshed").succeeds().says("<machine>pc-q35-11.1_linux-6.9</machine>");
    }

    @Test
    void ofTheSystem() throws Exception {
        Steps steps = run("system", List.of());
        holds(steps);
        steps.step("owner").says("libvirt-qemu");
        steps.step("group-inside").says("/machine");
        steps.step("start-outside").succeeds();
        assertThat(steps.step("group-outside").said()).contains("/").doesNotContain("/machine");
        steps.step("platforms-outside").says("\"in-use\":true");
    }
}
