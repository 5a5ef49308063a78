// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vhost4j.guests.lab.Lab;

/**
 * Tests {@code virsh migrate --live} of a guest with {@code <interface type='vhostuser'>} between two libvirtd
 * processes of this machine, each with its own back-end, in both directions under a stream of checked frames.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class LibvirtMigrationIT {
    @TempDir
    Path directory;

    @Test
    void thereAndBack() throws Exception {
        Lab.find().provision();
        Path emulator = LibvirtSteps.install(directory);
        List<String> command = new ArrayList<>(List.of("unshare", "--net", "--fork", "--kill-child", "bash"));
        command.addAll(List.of(
                LibvirtSteps.script("libvirt-migration.sh", directory).toString(),
                directory.toString(),
                emulator.toString(),
                LibvirtSteps.labScripts().toString()));
        command.addAll(LibvirtSteps.seen(directory));
        LibvirtSteps steps = LibvirtSteps.run(command, "logs");
        String logs = steps.step("logs").said();

        steps.step("define").succeeds();
        steps.step("start").succeeds();
        steps.step("up").succeeds();
        steps.step("echo").succeeds();
        whole(steps, "quiet", true, logs);

        steps.step("there").succeeds();
        whole(steps, "moved", false, logs);
        steps.step("there-runs").succeeds().says("running");
        steps.step("there-behind").says("tapB");
        whole(steps, "there-quiet", true, logs);
        assertThat(steps.step("there-gone").succeeds().said()).doesNotContain("guest");
        steps.step("there-on").says("\"return\":true");
        steps.step("there-off").says("\"return\":false");

        steps.step("back").succeeds();
        whole(steps, "returned", false, logs);
        steps.step("back-runs").succeeds().says("running");
        steps.step("back-behind").says("tapA");
        whole(steps, "back-quiet", true, logs);
        assertThat(steps.step("messages").succeeds().said()).doesNotContain("timed out");
        steps.step("destroy").succeeds();
    }

    /** Nothing comes twice or changed, and where the guest stands still, something comes. */
    private static void whole(LibvirtSteps steps, String name, boolean something, String logs) {
        String said = steps.step(name).said();
        for (String never : List.of("doubled", "damaged", "tcp_damaged", "tcp_broken")) {
            assertThat(number(said, never)).as("%s: %s\n%s", name, said, logs).isZero();
        }
        if (something) {
            assertThat(number(said, "lost")).as("%s: %s\n%s", name, said, logs).isLessThan(number(said, "sent"));
            assertThat(number(said, "tcp_bytes"))
                    .as("%s: %s\n%s", name, said, logs)
                    .isPositive();
        }
    }

    private static long number(String line, String key) {
        Matcher value = Pattern.compile("\\b" + key + "=(\\d+)").matcher(line);
        assertThat(value.find()).as("%s in %s", key, line).isTrue();
        return Long.parseLong(value.group(1));
    }
}
