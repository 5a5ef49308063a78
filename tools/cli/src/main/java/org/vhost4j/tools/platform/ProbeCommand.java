// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import java.io.PrintWriter;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.tools.common.Table;
import org.vhost4j.tools.common.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code vhost4j platform probe}: prints the capabilities of this host and how they were probed. */
@Command(
        name = "probe",
        description = "Probes the capabilities of this host, and prints each probe and its result.",
        mixinStandardHelpOptions = true)
final class ProbeCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--json", description = "Prints JSON, for --host-capabilities on this or another host.")
    private boolean json;

    @Option(
            names = "--in-place",
            description = "Probe with the privileges of this process only. By default an ordinary user's probe "
                    + "runs in a user namespace.")
    private boolean inPlace;

    @Option(
            names = "--vhost-fd",
            paramLabel = "FDNUM",
            description = "Probe this inherited descriptor of /dev/vhost-net instead of opening the device.")
    private @Nullable Integer vhost;

    @Override
    public Integer call() {
        HostCapabilities host = inPlace ? HostProbe.probe() : ThisHost.ask();
        if (vhost != null) {
            host = HostProbe.withVhostNet(host, vhost);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, String> about = new LinkedHashMap<>();
            about.put("version", HostProbe.kernelVersion());
            about.put("probed", LocalDate.now(ZoneOffset.UTC).toString());
            out.println(HostCapabilitiesJson.write(host, about));
        } else {
            out.print(table(host));
        }
        out.flush();
        return 0;
    }

    /**
     * Returns the human-readable answers.
     *
     * @param host a host
     * @return lines, each with its end
     */
    static String table(HostCapabilities host) {
        Table table = new Table();
        table.row("CAPABILITY", "ANSWER", "ASKED", "SAID", "SOFTWARE CAN STAND IN");
        for (HostCapability capability : HostCapability.values()) {
            Answer answer = host.answer(capability);
            table.row(
                    capability.id(),
                    answer.verdict().word(),
                    answer.asked(),
                    answer.said(),
                    capability.softwareFallback().isPresent() ? "yes" : "no");
        }
        return "Host " + host.host() + ", kernel " + host.kernel() + "\n" + table.text(Terminal.columnsOfRecords());
    }
}
