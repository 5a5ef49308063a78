// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;

/** Tests a stock libvirt with {@code vhost4j-qemu} as the emulator and no other change. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class LibvirtIT {
    private static final int TESTER = 1000;

    @TempDir
    Path directory;

    private Path emulator;
    private Path script;

    @BeforeEach
    void install() throws Exception {
        emulator = LibvirtSteps.install(directory);
        script = LibvirtSteps.script("libvirt.sh", directory);
    }

    private LibvirtSteps run(String mode, List<String> as) throws IOException, InterruptedException {
        Lab.find().provision();
        List<String> command = new ArrayList<>(
                List.of(LibvirtSteps.labScripts().resolve("libvirt").toString()));
        for (String path : LibvirtSteps.seen(directory)) {
            command.addAll(List.of("--with", path));
        }
        command.addAll(as);
        command.addAll(List.of("bash", script.toString(), mode, emulator.toString()));
        return LibvirtSteps.run(command, "refused");
    }

    private static void holds(LibvirtSteps steps) {
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
        LibvirtSteps steps = run("session", List.of("setpriv", "--reuid", user, "--regid", user, "--clear-groups"));
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
        LibvirtSteps steps = run("system", List.of());
        holds(steps);
        steps.step("owner").says("libvirt-qemu");
        steps.step("group-inside").says("/machine");
        steps.step("start-outside").succeeds();
        assertThat(steps.step("group-outside").said()).contains("/").doesNotContain("/machine");
        steps.step("platforms-outside").says("\"in-use\":true");
    }
}
