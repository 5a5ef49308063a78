// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.tools.common.UnsupportedOption;
import org.vhost4j.vhostuser.server.Switching;
import picocli.CommandLine;

class PortOptionTest {
    @Test
    void aPortThatDropsMayCopyFirst() {
        assertThat(PortKinds.parse("null")).isEqualTo(new PortOption.NoBridge(new Switching.Dropped()));
        assertThat(PortKinds.parse("null:copy=off")).isEqualTo(new PortOption.NoBridge(new Switching.Dropped()));
        assertThat(PortKinds.parse("null:copy=on")).isEqualTo(new PortOption.NoBridge(new Switching.Copied()));
    }

    @Test
    void theHelpNamesEveryKind() {
        String help =
                new CommandLine(new RunCommand()).setUsageHelpWidth(2000).getUsageMessage(CommandLine.Help.Ansi.OFF);
        assertThat(PortKinds.ALL).isNotEmpty().allSatisfy(kind -> {
            assertThat(help).contains(kind.usage());
            assertThat(kind.usage()).startsWith(kind.name());
        });
        assertThat(PortKinds.ALL).extracting(PortKind::name).doesNotHaveDuplicates();
    }

    @Test
    void withoutPortsThereIsABridge() {
        assertThat(switching()).isEqualTo(new Switching.Bridged(List.of(), true));
    }

    @Test
    void aTapIsAnUplinkOfTheBridge() {
        assertThat(switching("tap:ifname=one", "tap:ifname=two"))
                .isInstanceOfSatisfying(Switching.Bridged.class, each -> {
                    assertThat(each.coalesce()).isTrue();
                    assertThat(each.uplinks())
                            .extracting(uplink -> ((TapUplink) uplink).ifname())
                            .containsExactly("one", "two");
                });
    }

    @Test
    void aPortOnTheBridgeIsInVlans() {
        assertThat(switching("tap:ifname=one,trunks=[4,5]", "tap:tag=6,ifname=two"))
                .isInstanceOfSatisfying(Switching.Bridged.class, each -> assertThat(each.uplinks())
                        .extracting(uplink -> uplink.name() + " " + uplink.vlan())
                        .containsExactly("tap:one trunks=[4,5]", "tap:two tag=6"));
    }

    @ParameterizedTest
    @CsvSource({"echo, tap:ifname=one", "tap:ifname=one, source:size=64", "null, null"})
    void whatReplacesTheBridgeStandsAlone(String first, String second) {
        assertThat(switching("source:size=100")).isEqualTo(new Switching.Source(100));
        assertThatExceptionOfType(UnsupportedOption.class)
                .isThrownBy(() -> switching(first, second))
                .withMessage("--port null, echo and source stand alone: they replace the bridge");
    }

    private static Switching switching(String... ports) {
        return PortOption.toSwitching(
                List.of(ports).stream().map(PortKinds::parse).toList(), HostCapabilities.NOTHING_ASKED, 1, true);
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true"})
    void aTapMayHaveMultiQueueWhereGuestsHaveSeveralQueues(int queues, boolean may) {
        List<PortOption> ports = List.of(PortKinds.parse("tap:ifname=one"));
        assertThat(PortOption.toSwitching(ports, HostCapabilities.NOTHING_ASKED, queues, false))
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(((TapUplink) each.uplinks().getFirst()).multiQueue())
                                .isEqualTo(may));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            null:copy=maybe | --port=null:copy=maybe: copy is on or off
            null:size=64    | --port=null:size=64: there is no option 'size' (copy)
            null:copy       | --port=null:copy: 'copy' needs a value
            null:tag=5      | --port=null:tag=5: VLANs are for ports on the bridge
            hole            | --port=hole: a port is tap:ifname=NAME, packet:ifname=NAME, null[:copy=on], echo or source:size=BYTES
            """)
    void whatIsNoPortIsRefused(String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortKinds.parse(value))
                .withMessage(message);
    }
}
