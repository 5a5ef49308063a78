// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.migration;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vhost4j.tools.common.MainClass;

/** A back-end that serves one guest at a socket and forwards its frames to a TAP. */
public interface BackEndProgram {
    /**
     * Returns the name of the back-end in tables.
     *
     * @return the name
     */
    String name();

    /**
     * Returns the command line.
     *
     * @param socket the path of the socket to listen on
     * @param tap the name of the TAP interface that the program creates
     * @param variant the properties of the guest
     * @return the program and its arguments
     */
    List<String> command(Path socket, String tap, Variant variant);

    /**
     * Returns this program, started with the class path of this process.
     *
     * @param options further options of {@code run}
     * @return a back-end called {@code vhost4j}
     */
    static BackEndProgram own(String... options) {
        return new Own(Own.java(), "", List.of(options));
    }

    /**
     * Returns this program, without migration of its device state: only QEMU checks the features, as with other back-ends.
     *
     * @param options further options of {@code run}
     * @return a back-end called {@code vhost4j}
     */
    static BackEndProgram ownWithoutState(String... options) {
        return new Own(Own.java(), ",device-state=off", List.of(options));
    }

    /**
     * Returns this program, started by its launcher as users start it.
     *
     * @param launcher the path of {@code tools/vhost4j}, which has been built
     * @return a back-end called {@code vhost4j}
     */
    static BackEndProgram launched(Path launcher) {
        return new Own(List.of(launcher.toString()), "", List.of());
    }

    /**
     * Returns DPDK's {@code net_vhost} and {@code net_tap}, connected by the host's dpdk-testpmd, which polls continuously.
     *
     * @return a back-end called {@code DPDK}
     */
    static BackEndProgram dpdk() {
        return new Dpdk();
    }

    /**
     * The back-end {@code vhost4j run}.
     *
     * @param program the arguments before {@code run}
     * @param socketOptions the suboptions of {@code --socket-path}, each preceded by a comma
     * @param options the last arguments
     */
    record Own(List<String> program, String socketOptions, List<String> options) implements BackEndProgram {
        public Own {
            program = List.copyOf(program);
            options = List.copyOf(options);
        }

        /** Returns the command of a JVM with few internal threads. */
        private static List<String> java() {
            return List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:+UseSerialGC",
                    "-Djna.nosys=true",
                    "-cp",
                    classes(),
                    MainClass.NAME);
        }

        @Override
        public String name() {
            return "vhost4j";
        }

        @Override
        public List<String> command(Path socket, String tap, Variant variant) {
            List<String> command = new ArrayList<>(program);
            command.addAll(List.of("run", "--port=tap:ifname=" + tap, "--queues=" + variant.queuePairs()));
            if (variant.lanes() > 1) {
                command.add("--lanes=" + variant.lanes());
                command.add("--queue-lanes=" + (variant.spread() ? "on" : "off"));
                for (int lane = 1; lane < variant.lanes(); lane++) {
                    // Sockets are assigned to lanes in turn; the guest's is the last.
                    command.add("--socket-path=" + socket.resolveSibling(socket.getFileName() + "." + lane));
                }
            }
            command.add("--socket-path=" + socket + ",attach=netdev" + socketOptions);
            command.add("--take-over=unix:" + socket + ".next");
            command.addAll(options);
            return command;
        }

        /** Returns the class path of this process, for a process with another working directory. */
        private static String classes() {
            String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
            return Stream.of(path.split(File.pathSeparator, -1))
                    .map(entry -> Path.of(entry).toAbsolutePath().toString())
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }

    /** The back-end dpdk-testpmd of DPDK, without huge pages. */
    record Dpdk() implements BackEndProgram {
        @Override
        public String name() {
            return "DPDK";
        }

        @Override
        public List<String> command(Path socket, String tap, Variant variant) {
            int pairs = variant.queuePairs();
            return List.of(
                    "dpdk-testpmd",
                    "--no-huge",
                    "-m",
                    "256",
                    "--no-pci",
                    "--no-shconf",
                    "--no-telemetry",
                    "--file-prefix=" + tap,
                    "--lcores=0@0-1,1@0-1",
                    "--vdev=net_vhost0,iface=%s,queues=%d".formatted(socket, pairs),
                    "--vdev=net_tap0,iface=" + tap,
                    "--",
                    "--forward-mode=io",
                    "--auto-start",
                    "--rxq=" + pairs,
                    "--txq=" + pairs,
                    "--total-num-mbufs=16384");
        }
    }
}
