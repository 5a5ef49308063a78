// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostUse;
import picocli.CommandLine;

final class PlatformCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new PlatformCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    @Test
    void withoutASubCommandTheUsageIsShown() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).contains("Usage: platform");
    }

    @Test
    void probeAnswersForEveryCapability() throws IOException {
        assertThat(run("probe")).isZero();
        for (HostCapability capability : HostCapability.values()) {
            assertThat(out.toString()).contains("\n" + capability.id() + " ");
        }
        out.getBuffer().setLength(0);
        assertThat(run("probe", "--json")).isZero();
        assertThat(HostCapabilitiesJson.parse(out.toString(), "test").answers())
                .containsOnlyKeys(HostCapability.values());
    }

    @Test
    void showTellsWhoDecided() {
        assertThat(run("show", "linux-6.12", "--machine", "pc-q35-8.1", "--set", "host_uso=off,guest_uso4=off"))
                .isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(out.toString())
                .startsWith("Platform linux-6.9 (")
                .contains("virtio-net.host_uso")
                .contains(
                        "off by --set, over on by platform linux-6.9 (from linux-6.2), over off by machine pc-q35-8.1")
                .contains(" HOST_UFO ")
                .containsOnlyOnce("Not offered")
                .contains("Not offered, on any host: queue_reset (this back-end has no such feature).")
                .contains(" GUEST_USO6 ");
    }

    @Test
    void showRefusesInOneLine() {
        assertThat(run("show", "linux-9")).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().startsWith("There is no platform 'linux-9'");
    }

    @Test
    void platformHelpHasQemusLayout() {
        HostCapabilities old = HostCapabilities.imagined(
                "alpha",
                PlatformCatalog.shipped().platform("linux-6.1").orElseThrow().requires());
        String text = HelpText.platforms(PlatformCatalog.shipped(), old, EnumSet.of(HostUse.TAP));
        assertThat(text.lines())
                .startsWith("Supported platforms are:")
                .contains(
                        "linux-6.1            Linux 6.0 and 6.1: TAP interfaces without carrier (alias of linux-6.0)",
                        "linux-6.0            Linux 6.0 and 6.1: TAP interfaces without carrier (default) (supported)",
                        "linux-6.2            Linux 6.2: UDP segmentation offload (USO) (supported in software:"
                                + " lacks tap-uso, tap-write-udp-l4)");
        HostCapabilities bare = HostCapabilities.imagined("beta", Set.of());
        assertThat(HelpText.platforms(PlatformCatalog.shipped(), bare, EnumSet.of(HostUse.TAP)))
                .contains("(not supported: lacks tap, tap-vnet-hdr, ")
                .contains(
                        "\nhost                 All capabilities of this host: fastest, cannot migrate to another host (supported)\n")
                .doesNotContain("(default)");
        HostCapabilities unasked = new HostCapabilities("gamma", "", Map.of());
        assertThat(HelpText.platforms(PlatformCatalog.shipped(), unasked, EnumSet.of(HostUse.TAP)))
                .contains("(not supported: cannot tell about tap, tap-vnet-hdr, ")
                .doesNotContain(" lacks ");
    }

    @Test
    void machineHelpHasQemusLayout() {
        String text = HelpText.machines(PlatformCatalog.shipped());
        assertThat(text.lines())
                .startsWith("Supported machines are:")
                .containsSubsequence(
                        "q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-11.1)",
                        "pc-q35-11.1          Standard PC (Q35 + ICH9, 2009) (default)",
                        "pc-q35-10.0          Standard PC (Q35 + ICH9, 2009)");
    }
}
