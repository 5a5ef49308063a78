// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.device.bridge.PortRules;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.host.io.SocketAccess;
import org.vhost4j.sys.ActivatedSockets.Activated;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.PortSecurity;

class EndpointOptionTest {
    @Test
    void aGuestHasNoAddressUnlessOneIsGiven() {
        Endpoint endpoint = EndpointOption.parse("/tmp/a.sock,server=off,attach=device");
        assertThat(endpoint).isEqualTo(Endpoint.connect(Path.of("/tmp/a.sock"), Attach.DEVICE));
        assertThat(endpoint.mac()).isEqualTo(PortRules.NO_MAC);
        assertThat(endpoint.trustMac()).isFalse();
    }

    @Test
    void theDevicesStateMovesUnlessItIsLeftOut() {
        assertThat(EndpointOption.parse("/tmp/a.sock").deviceState()).isTrue();
        assertThat(EndpointOption.parse("/tmp/a.sock,device-state=on").deviceState())
                .isTrue();
        Endpoint without = EndpointOption.parse("/tmp/a.sock,mac=52:54:00:12:34:56,device-state=off");
        assertThat(without.deviceState()).isFalse();
        assertThat(without.mac()).isEqualTo(0x5254_0012_3456L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "server=off|",
                "tag=7,mac=52:54:00:12:34:56|tag=7",
                "trunks=7|trunks=[7]",
                "trunks=[0,7,9-11],server=off|trunks=[0,7,9,10,11]",
                "tag=7,vlan_mode=native-untagged|tag=7,vlan_mode=native-untagged",
                "vlan_mode=native-tagged,trunks=[8],tag=7|tag=7,trunks=[8],vlan_mode=native-tagged",
                "vlan_mode=trunk|",
                "tag=7,vlan_mode=dot1q-tunnel|tag=7,vlan_mode=dot1q-tunnel",
                "tag=7,vlan_mode=dot1q-tunnel,qinq-ethtype=802.1ad,cvlans=[8-9,0]|tag=7,cvlans=[0,8,9],vlan_mode=dot1q-tunnel",
                "vlan_mode=dot1q-tunnel,qinq-ethtype=802.1q,tag=7|tag=7,vlan_mode=dot1q-tunnel,qinq-ethtype=802.1q"
            })
    void aGuestIsInVlans(String options, String vlans) {
        assertThat(EndpointOption.parse("/tmp/a.sock," + options).vlan()).hasToString(vlans == null ? "" : vlans);
    }

    @ParameterizedTest
    @CsvSource({"52:54:00:12:aB:56,off,false", "52-54-00-12-AB-56,on,true"})
    void anAddressAndWhetherTheGuestMayChooseAnother(String mac, String trust, boolean trusted) {
        Endpoint endpoint = EndpointOption.parse("/tmp/a.sock,mac=" + mac + ",trust-guest-mac=" + trust);
        assertThat(endpoint.mac()).isEqualTo(0x5254_0012_ab56L);
        assertThat(endpoint.trustMac()).isEqualTo(trusted);
        assertThat(AttachHelp.netdev(endpoint, 0, 1, List.of("host_uso=off")))
                .endsWith("virtio-net-pci,netdev=net0,mac=52:54:00:12:ab:56,host_uso=off");
    }

    @Test
    void whoMayConnectIsOfEachSocketOrOfAll() {
        assertThat(EndpointOption.parse("/tmp/a.sock").access()).isEqualTo(SocketAccess.DEFAULT);
        assertThat(EndpointOption.parse("/tmp/a.sock,mode=0600").access().mode())
                .isEqualTo(0600);
        SocketAccess all = EndpointOption.parse("/tmp/a.sock", "7").access();
        assertThat(all).isEqualTo(SocketAccess.parse("0660", "7"));
        assertThat(EndpointOption.parse("/tmp/a.sock,group=8,mode=0666,mac=52:54:00:12:34:56", "7")
                        .access())
                .isEqualTo(SocketAccess.parse("0666", "8"));
        assertThat(EndpointOption.parse("/tmp/a.sock,server=off", "7").access())
                .as("not made here")
                .isEqualTo(SocketAccess.DEFAULT);
    }

    @Test
    void anInheritedSocketHasANumberOrTheNameThatTheServiceManagerGave() {
        List<Activated> activated = List.of(new Activated(3, "one"), new Activated(4, "two"), new Activated(5, "two"));
        assertThat(EndpointOption.parseDescriptor("7", List.of())).isEqualTo(Endpoint.inherited(7, Attach.AUTO));
        assertThat(EndpointOption.parseDescriptor("one,attach=netdev,mac=52:54:00:12:34:56", activated))
                .isEqualTo(Endpoint.inherited(3, Attach.NETDEV).withMac(0x5254_0012_3456L, false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointOption.parseDescriptor("two", activated))
                .withMessageContaining("2 sockets of the service manager have this name: give their numbers, from 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointOption.parseDescriptor("three", activated))
                .withMessageContaining("(one, two, two)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointOption.parseDescriptor("7,mode=0660", activated))
                .withMessageContaining("there is no option 'mode'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mac=52:54:00:12:34|is not a MAC address such as 52:54:00:12:34:56",
                "mac=52:54:00:12:34:5g|is not a MAC address such as 52:54:00:12:34:56",
                "mac=00:00:00:00:00:00|is no address",
                "mac=01:00:5e:00:00:01|is a group's address",
                "mac=ff:ff:ff:ff:ff:ff|is a group's address",
                "trust-guest-mac=on|trust-guest-mac is for a guest with mac=ADDRESS",
                "mac=52:54:00:12:34:56,trust-guest-mac=yes|trust-guest-mac is on or off",
                "mode=1777|mode is three octal digits such as 0660, not 1777",
                "group=no-such-group|there is no group no-such-group on this host",
                "server=off,mode=0660|mode and group apply only to a socket that this program creates",
                "device-state=maybe|device-state is on or off",
                "tag=0|tag: '0' is not a VLAN, 1 to 4094",
                "tag=4095|tag: '4095' is not a VLAN, 1 to 4094",
                "trunks=5-x|trunks: 'x' is not a VLAN, 0 to 4094",
                "trunks=[1,,2]|trunks: '' is not a VLAN, 0 to 4094",
                "trunks=9-5|trunks: 9-5 ends before it begins",
                "tag=5,trunks=7|a port with tag=VLAN is an access port and has no trunks",
                "vlan_mode=native-tagged|vlan_mode=native-tagged needs tag=VLAN",
                "tag=1,vlan_mode=trunk|vlan_mode=trunk has no tag, its VLANs are trunks=[VLAN,…]",
                "tag=1,vlan_mode=dot1q|vlan_mode is access, trunk, native-tagged, native-untagged or dot1q-tunnel, not 'dot1q'",
                "vlan_mode=dot1q-tunnel|vlan_mode=dot1q-tunnel needs tag=VLAN",
                "tag=1,vlan_mode=dot1q-tunnel,trunks=7|vlan_mode=dot1q-tunnel has no trunks",
                "tag=1,cvlans=7|cvlans is for vlan_mode=dot1q-tunnel",
                "tag=1,qinq-ethtype=802.1q|qinq-ethtype is for vlan_mode=dot1q-tunnel",
                "tag=1,vlan_mode=dot1q-tunnel,cvlans=5000|cvlans: '5000' is not a VLAN, 0 to 4094",
                "tag=1,vlan_mode=dot1q-tunnel,qinq-ethtype=0x9100|qinq-ethtype is 802.1ad or 802.1q, not '0x9100'"
            })
    void whatIsNoAddressIsRefused(String options, String reason) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointOption.parse("/tmp/a.sock," + options))
                .withMessageContaining("--socket-path=")
                .withMessageContaining(reason);
    }

    @Test
    void aGuestHasANameALinkAndSecurityOfItsOwn() {
        Endpoint guest = EndpointOption.parse("/a.sock,name=web,link=down,port-security=on,flood-limit=5");
        assertThat(guest.name()).isEqualTo("web");
        assertThat(guest.linkUp()).isFalse();
        assertThat(guest.security().over(PortSecurity.DEFAULT)).isEqualTo(new PortSecurity(PortSecurity.Mode.ON, 5));
        Endpoint changed = EndpointOption.changed("guest web", Map.of("link", "up", "tag", "7"), guest);
        assertThat(changed.linkUp()).isTrue();
        assertThat(changed.vlan()).isEqualTo(PortVlan.access(7));
        assertThat(changed.security()).isEqualTo(guest.security());
        assertThat(changed.mac()).isEqualTo(PortRules.NO_MAC);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name=a b        | --socket-path=/a,name=a b: name 'a b': a name has 1 to 32 letters, digits, '.', '_'"
                        + " and '-'",
                "link=on         | --socket-path=/a,link=on: link is up or down",
                "port-security=x | --socket-path=/a,port-security=x: port-security=x: auto, on or off",
                "flood-limit=-1  | --socket-path=/a,flood-limit=-1: flood-limit=-1: a limit is 1 frame a second or"
                        + " more, or 0",
            })
    void aSettingThatIsWrongIsNamed(String options, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EndpointOption.parse("/a," + options))
                .withMessage(message);
    }
}
