// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.vhost4j.tools.common.MainClass;

/** Creates the command line of a child process that runs this program: a JVM with the same flags. */
final class OwnProgram {
    private OwnProgram() {}

    /**
     * Returns the command line.
     *
     * @param jvm further options of the JVM
     * @param arguments arguments of the program
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

    /** Returns the path of the JVM that runs this program. */
    static String java() {
        return ProcessHandle.current()
                .info()
                .command()
                .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    }
}
