// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/**
 * {@code vhost4j qemu} in the list of commands; {@code tools/vhost4j} starts {@code vhost4j-qemu} for it, because a JVM
 * cannot become QEMU.
 */
@Command(
        name = "qemu",
        description = "Starts a plain QEMU on a platform: takes QEMU's own arguments, checks the host, and "
                + "executes QEMU.")
public final class QemuCommand implements Callable<Integer> {
    @Unmatched
    private List<String> arguments = new ArrayList<>();

    /** Called by picocli. */
    public QemuCommand() {}

    @Override
    public Integer call() {
        throw new UnsupportedOption("'qemu "
                + String.join(" ", arguments)
                + "' is for the script tools/vhost4j: no JVM becomes QEMU, so the archive alone does "
                + "not have this command.");
    }
}
