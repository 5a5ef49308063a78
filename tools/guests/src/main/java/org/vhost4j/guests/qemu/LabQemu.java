// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.tools.common.UnsupportedOption;

/** The QEMUs of the guest lab. */
public enum LabQemu {
    /** The host's own QEMU, version 7.2 on Debian 12. */
    STOCK("qemu-stock"),
    /** Version 10.0, the package of Debian 13. */
    OF_DEBIAN_13("qemu-suite"),
    /** Version 11, from Debian's backports. */
    NEW("qemu-11"),
    /** Version 10.2, built from unmodified source: {@code provision --uso-qemu}. */
    USO_BEFORE("qemu-uso-before"),
    /** Version 10.2 with the patch of {@code docs/qemu} that passes USO to {@code -netdev vhost-user}. */
    USO("qemu-uso"),
    /** Version 11 for ARM. */
    ARM("qemu-11-aarch64");

    /** The QEMUs of the published tables, the oldest first. The results for ARM are the same as for x86. */
    public static final List<LabQemu> PUBLISHED = List.of(STOCK, OF_DEBIAN_13, NEW);

    private final String program;

    LabQemu(String program) {
        this.program = program;
    }

    /**
     * Returns the path of the executable in the default lab.
     *
     * @return the path of the executable
     * @throws IOException when the lab's script fails
     * @throws UnsupportedOption when the lab has not been provisioned
     */
    public Path executable() throws IOException {
        return executable(Lab.find().files());
    }

    /**
     * Returns the path of the executable in a lab.
     *
     * @param lab the directory of the lab
     * @return the path of the executable
     * @throws UnsupportedOption when it does not exist
     */
    public Path executable(Path lab) {
        Path executable = lab.resolve(program);
        if (!Files.isExecutable(executable)) {
            throw new UnsupportedOption("there is no " + executable + ": run tools/lab/provision first");
        }
        return executable;
    }
}
