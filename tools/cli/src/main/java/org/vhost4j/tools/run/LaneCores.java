// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.vhost4j.host.lane.IdlePolicy;
import org.vhost4j.sys.CoreSet;
import org.vhost4j.vhostuser.server.BackendConfig;

/**
 * Checks whether lanes share their cores. A lane that polls uses its whole core, so other threads on it wait for time
 * slices.
 */
final class LaneCores {
    private LaneCores() {}

    /**
     * Returns warnings for the operator.
     *
     * @param config configuration with the number of lanes, their cores, and whether they poll
     * @param control cores of all other threads of this process; empty when the kernel decides
     * @return lines; none when each lane has its own core
     */
    static List<String> warnings(BackendConfig config, CoreSet control) {
        return warnings(config, control, Runtime.getRuntime().availableProcessors());
    }

    /** Returns warnings for the operator, for a process that may use the given number of cores. */
    static List<String> warnings(BackendConfig config, CoreSet control, int processors) {
        int lanes = config.lanesInUse();
        CoreSet cores = config.cores();
        List<String> warnings = new ArrayList<>();
        if (cores.isEmpty()) {
            if (lanes > processors) {
                warnings.add("%d lanes on %d processors: they take turns, and frames from one to another wait"
                        .formatted(lanes, processors));
            } else if (config.idle().equals(IdlePolicy.POLLING) && lanes == processors) {
                warnings.add("%s on %s: it shares a core with the rest of this process"
                        .formatted(lanes == 1 ? "a lane that polls" : lanes + " lanes that poll", counted(processors)));
            }
            return warnings;
        }
        if (lanes > cores.size()) {
            warnings.add("%d lanes on %s: they take turns, and frames from one to another wait"
                    .formatted(lanes, counted(cores.size())));
        } else if (lanes < cores.size()) {
            warnings.add("--cores=%s: not used is %s, as there is a lane for each guest at most, %d here"
                    .formatted(cores, unused(cores, lanes), lanes));
        }
        CoreSet shared = cores.and(control);
        if (config.idle().equals(IdlePolicy.POLLING) && !shared.isEmpty()) {
            warnings.add(
                    "a lane that polls shares core %s with the rest of this process: name other cores by --control-cores"
                            .formatted(shared));
        }
        return warnings;
    }

    private static CoreSet unused(CoreSet cores, int lanes) {
        CoreSet rest = cores;
        for (int i = 0; i < lanes; i++) {
            rest = rest.without(CoreSet.of(IntStream.of(cores.get(i))));
        }
        return rest;
    }

    private static String counted(int cores) {
        return cores == 1 ? "1 core" : cores + " cores";
    }
}
