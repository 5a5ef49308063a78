// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.tools.common.MainClass;

/** A child process of this program: a JVM with the same flags. */
final class OwnProgram {
    private OwnProgram() {}

    /**
     * The command line of it.
     *
     * @param jvm further options of the JVM
     * @param arguments of the program
     */
    static List<String> command(List<String> jvm, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MainClass.NAME));
        command.addAll(arguments);
        return command;
    }

    /** The JVM that runs this. */
    static String java() {
        return ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    }
}
