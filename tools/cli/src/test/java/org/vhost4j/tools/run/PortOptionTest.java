// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.host.xdp.XdpMode;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.SocketAddress;
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
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(each.uplinks())
                                .extracting(uplink -> uplink.name() + " " + uplink.vlan())
                                .containsExactly("tap:one trunks=[4,5]", "tap:two tag=6"));
    }

    @Test
    void aPeerIsBehindAStreamOrDatagrams() {
        assertThat(PortKinds.parse("stream:unix:/tmp/a,server=on"))
                .isEqualTo(new StreamKind.Stream("unix:/tmp/a", SocketAddress.unix(Path.of("/tmp/a")), true));
        assertThat(PortKinds.parse("stream:tcp:[::1]:70"))
                .isEqualTo(new StreamKind.Stream("tcp:[::1]:70", SocketAddress.internet("::1", 70), false));
        assertThat(PortKinds.parse("dgram:local=localhost:1,remote=127.0.0.1:2"))
                .isEqualTo(new DgramKind.Dgram(
                        SocketAddress.internet("localhost", 1), SocketAddress.internet("127.0.0.1", 2)));
        assertThat(switching("stream:tcp:host:1,trunks=[1,2]"))
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(each.uplinks())
                                .extracting(uplink -> uplink.name() + " " + uplink.vlan())
                                .containsExactly("stream:tcp:host:1 trunks=[1,2]"));
    }

    @Test
    void anInterfaceIsJoinedByAfXdp() {
        assertThat(PortKinds.parse("xdp:eth0")).isEqualTo(new XdpKind.Xdp("eth0", 0, XdpMode.AUTO));
        assertThat(PortKinds.parse("xdp:eth0,queue=3,mode=zerocopy"))
                .isEqualTo(new XdpKind.Xdp("eth0", 3, XdpMode.ZEROCOPY));
        assertThat(PortKinds.parse("xdp:ifname=eth0,mode=copy")).isEqualTo(new XdpKind.Xdp("eth0", 0, XdpMode.COPY));
        assertThat(switching("xdp:eth0,tag=5"))
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(each.uplinks().getFirst().vlan().toString())
                                .isEqualTo("tag=5"));
    }

    @ParameterizedTest
    @CsvSource({"echo, tap:ifname=one", "tap:ifname=one, source:size=64", "null, null"})
    void whatReplacesTheBridgeStandsAlone(String first, String second) {
        assertThat(switching("source:size=100")).isEqualTo(new Switching.Source(100));
        assertThatExceptionOfType(UnsupportedOption.class)
                .isThrownBy(() -> switching(first, second))
                .withMessage(
                        "--port null, echo and source cannot be combined with other ports: they replace the bridge");
    }

    private static Switching switching(String... ports) {
        return PortOption.toSwitching(
                List.of(ports).stream().map(PortKinds::parse).toList(), HostCapabilities.NOT_PROBED, 1, true);
    }

    @ParameterizedTest
    @CsvSource({
        "tap:ifname=one, false",
        "'tap:ifname=one,lane-queues=off', false",
        "'tap:tag=6,lane-queues=on,ifname=one', true"
    })
    void everyLaneHasAQueueOfATapWhereThatIsWanted(String value, boolean onEveryLane) {
        assertThat(switching(value))
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(each.uplinks().getFirst().onEveryLane())
                                .isEqualTo(onEveryLane));
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true"})
    void aTapMayHaveMultiQueueWhereGuestsHaveSeveralQueues(int queues, boolean may) {
        List<PortOption> ports = List.of(PortKinds.parse("tap:ifname=one"));
        assertThat(PortOption.toSwitching(ports, HostCapabilities.NOT_PROBED, queues, false))
                .isInstanceOfSatisfying(
                        Switching.Bridged.class,
                        each -> assertThat(((TapUplink) each.uplinks().getFirst()).multiQueue())
                                .isEqualTo(may));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        tap:ifname=one,lane-queues=yes | --port=tap:ifname=one,lane-queues=yes: lane-queues is on or off, and not yes
        tap:ifname=one,lane-queues=on,rate=1 | --port=tap:ifname=one,lane-queues=on,rate=1: with lane-queues=on each lane has a queue, and rates cannot be limited
        null:copy=maybe | --port=null:copy=maybe: copy is on or off
        null:size=64    | --port=null:size=64: there is no option 'size' (copy)
        null:copy       | --port=null:copy: 'copy' needs a value
        null:tag=5      | --port=null:tag=5: VLANs and port-security are for ports on the bridge
        packet:ifname=sixteen_bytes_are_too_many | --port=packet:ifname=sixteen_bytes_are_too_many: a port on an interface needs ifname=NAME of 1 to 15 characters
        xdp             | --port=xdp: an AF_XDP port needs the name of an interface, 1 to 15 characters
        xdp:eth0,queue=-1 | --port=xdp:eth0,queue=-1: queue is a number from 0 to 9999
        xdp:eth0,mode=skb | --port=xdp:eth0,mode=skb: mode is auto, copy or zerocopy
        xdp:eth0,size=1 | --port=xdp:eth0,size=1: there is no option 'size' (ifname, queue, mode)
        stream:a        | --port=stream:a: a stream is unix:PATH or tcp:HOST:PORT
        stream:tcp:a    | --port=stream:tcp:a: 'a' is not an address, unix:PATH or HOST:PORT with a port of 1 to 65535
        stream:tcp:a:0  | --port=stream:tcp:a:0: 'a:0' is not an address, unix:PATH or HOST:PORT with a port of 1 to 65535
        stream:tcp:::1:5 | --port=stream:tcp:::1:5: '::1:5' is not an address, unix:PATH or HOST:PORT with a port of 1 to 65535
        dgram:local=a:1 | --port=dgram:local=a:1: datagrams need local= and remote=, each unix:PATH or HOST:PORT
        dgram:local=a:1,remote=unix:b | --port=dgram:local=a:1,remote=unix:b: local and remote are both unix:PATH or both HOST:PORT
        """)
    void whatIsNoPortIsRefused(String value, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortKinds.parse(value))
                .withMessage(message);
    }

    @Test
    void theMessageAboutAnUnknownKindNamesEveryKind() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortKinds.parse("hole"))
                .withMessageStartingWith("--port=hole: a port is tap:ifname=NAME")
                .withMessageContainingAll(
                        PortKinds.ALL.stream().map(PortKind::usage).toArray(String[]::new));
    }
}
