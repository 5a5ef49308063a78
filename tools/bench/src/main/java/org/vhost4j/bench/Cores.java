// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.vhost4j.tools.common.UnsupportedOption;

/** Checks the cores that are assigned to the two sides. */
final class Cores {
    private Cores() {}

    /**
     * Checks that the two sides have different cores.
     *
     * @throws UnsupportedOption when this host lacks one of the cores, or both sides have the same
     */
    static void require(int frontEndCore, List<Integer> backEndCores) {
        require("--front-end-core", frontEndCore);
        backEndCores.forEach(core -> require("--back-end-core", core));
        if (backEndCores.contains(frontEndCore)) {
            throw new UnsupportedOption("--front-end-core and --back-end-core are both " + frontEndCore
                    + ": each side polls continuously and needs its own core");
        }
    }

    private static void require(String option, int core) {
        if (core < 0 || !Files.isDirectory(Path.of("/sys/devices/system/cpu/cpu" + core))) {
            throw new UnsupportedOption("%s=%d: this host has no such core".formatted(option, core));
        }
    }
}
