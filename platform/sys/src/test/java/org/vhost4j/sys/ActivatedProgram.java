// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.vhost4j.sys.ActivatedSockets.Activated;

/** The main class of a service that prints its activated sockets, and then those that a program started by it has. */
final class ActivatedProgram {
    private ActivatedProgram() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        for (Activated socket : ActivatedSockets.take()) {
            String flags = Files.readAllLines(Path.of("/proc/self/fdinfo/" + socket.number())).stream()
                    .filter(line -> line.startsWith("flags:"))
                    .findFirst()
                    .orElseThrow();
            long open = Long.parseLong(flags.substring("flags:".length()).strip(), 8);
            System.out.println("socket " + socket.number() + " " + socket.name() + " "
                    + InheritedSocket.path(socket.number()).orElseThrow().getFileName()
                    + ((open & LibC.O_CLOEXEC) != 0 ? " closed by exec" : " kept by exec"));
        }
        new ProcessBuilder("env").inheritIO().start().waitFor();
    }
}
