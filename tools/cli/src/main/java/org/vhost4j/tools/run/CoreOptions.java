// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import org.jspecify.annotations.Nullable;
import org.vhost4j.sys.CoreSet;
import org.vhost4j.sys.ThreadAffinity;
import org.vhost4j.tools.common.UnsupportedOption;
import picocli.CommandLine.Option;

/** The options that assign cores to lanes, and keep all other threads of the process on other cores. */
final class CoreOptions {
    @Option(
            names = "--cores",
            paramLabel = "LIST",
            description = "The cores of the lanes, such as 2,4-6: each lane gets one core, which no other thread of "
                    + "this process uses. Without --lanes there is a lane for each core (default: the "
                    + "kernel decides).")
    @Nullable
    String cores;

    @Option(
            names = "--control-cores",
            paramLabel = "LIST",
            description = "The cores of all other threads: the JVM's compilers and collector, QMP, log output"
                    + " (default: all that are not in --cores).")
    @Nullable
    String controlCores;

    private CoreSet allowed = CoreSet.NONE;
    private CoreSet lanes = CoreSet.NONE;
    private CoreSet control = CoreSet.NONE;

    /**
     * Parses both options.
     *
     * @throws UnsupportedOption when one is invalid, or names a core that this process may not use
     */
    void read() {
        allowed = ThreadAffinity.current();
        if (cores == null) {
            if (controlCores != null) {
                throw new UnsupportedOption("--control-cores=" + controlCores
                        + ": only together with --cores, which names those of the lanes");
            }
            return;
        }
        lanes = parse("--cores", cores);
        CoreSet others = allowed.without(lanes);
        control = controlCores != null ? parse("--control-cores", controlCores) : others.isEmpty() ? allowed : others;
    }

    private CoreSet parse(String option, String list) {
        try {
            CoreSet parsed = CoreSet.parse(list);
            CoreSet missing = parsed.without(allowed);
            if (!missing.isEmpty()) {
                throw new IllegalArgumentException(
                        "this process may not run on core " + missing + ", only on " + allowed + " (taskset, cpuset)");
            }
            return parsed;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedOption(option + "=" + list + ": " + e.getMessage());
        }
    }

    /** Returns the cores of the lanes, in turn; empty when the kernel decides. */
    CoreSet lanes() {
        return lanes;
    }

    /** Returns the cores of all other threads; empty when the kernel decides. */
    CoreSet control() {
        return control;
    }
}
