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
    /** The host's own, version 7.2 on Debian 12. */
    STOCK("qemu-stock"),
    /** Version 10.0, of Debian 13 itself. */
    OF_DEBIAN_13("qemu-suite"),
    /** Version 11, of Debian's backports. */
    NEW("qemu-11"),
    /** Version 10.2, built from its source as it is: {@code provision --uso-qemu}. */
    USO_BEFORE("qemu-uso-before"),
    /** The same with the patch of {@code docs/qemu} that passes USO to {@code -netdev vhost-user}. */
    USO("qemu-uso"),
    /** Version 11 for ARM. */
    ARM("qemu-11-aarch64");

    /** The QEMUs of the published tables, the oldest first; results for ARM are the same as for x86. */
    public static final List<LabQemu> PUBLISHED = List.of(STOCK, OF_DEBIAN_13, NEW);

    private final String program;

    LabQemu(String program) {
        this.program = program;
    }

    /**
     * Where it is.
     *
     * @return the executable
     * @throws IOException when the lab cannot be asked
     * @throws UnsupportedOption when the lab has not been provided
     */
    public Path executable() throws IOException {
        return executable(Lab.find().files());
    }

    /**
     * Where it is in a lab.
     *
     * @param lab the lab's directory
     * @return the executable
     * @throws UnsupportedOption when it is not there
     */
    public Path executable(Path lab) {
        Path executable = lab.resolve(program);
        if (!Files.isExecutable(executable)) {
            throw new UnsupportedOption("there is no " + executable + ": run tools/lab/provision first");
        }
        return executable;
    }
}
