// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.guests.lab.Lab;
import org.vhost4j.tools.common.UnsupportedOption;

/** Finds the installed programs of other projects. */
final class Peers {
    private static final Pattern VERSION = Pattern.compile("RTE Version: 'DPDK (.+?)'");

    private Peers() {}

    /**
     * Returns the host's DPDK, and the newer one of the guest lab if the lab is installed.
     *
     * @throws IOException when one of them does not run
     */
    static List<DpdkPeer> dpdk() throws IOException {
        List<DpdkPeer> peers = new ArrayList<>();
        peers.add(dpdk(Testpmd.PROGRAM));
        try {
            Path newer = Lab.find().files().resolve("dpdk-testpmd-suite");
            if (Files.isExecutable(newer)) {
                peers.add(dpdk(newer.toString()));
            }
        } catch (UnsupportedOption e) {
            // Without a checkout there is no lab.
            return peers;
        }
        return peers;
    }

    private static DpdkPeer dpdk(String program) throws IOException {
        Process process = new ProcessBuilder(
                        program,
                        "-v",
                        "--no-huge",
                        "-m",
                        "32",
                        "--no-pci",
                        "--no-shconf",
                        "--no-telemetry",
                        "--",
                        "--help")
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        Matcher matcher = VERSION.matcher(text);
        if (!matcher.find()) {
            throw new IOException(program + " does not print its version");
        }
        return new DpdkPeer("DPDK " + matcher.group(1) + " net_vhost", program);
    }
}
