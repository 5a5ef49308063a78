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

class UserKindTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            user                                   | -
            user:hostfwd=tcp::2222-:22             | --tcp-ports 2222:22
            user:hostfwd=::2222-:22                | --tcp-ports 2222:22
            user:hostfwd=udp:127.0.0.1:53-:5353    | --udp-ports 127.0.0.1/53:5353
            user:hostfwd=tcp:[::1]:80-:8080        | --tcp-ports ::1/80:8080
            user:hostfwd=tcp::1-:2,hostfwd=udp::3-:4 | --tcp-ports 1:2 --udp-ports 3:4
            user:net=10.0.2.0/24                   | --netmask 24 --gateway 10.0.2.2 --address 10.0.2.15
            user:net=10.7.0.0/24,host=10.7.0.1,dhcpstart=10.7.0.9 | --netmask 24 --gateway 10.7.0.1 --address 10.7.0.9
            user:ipv6=off,dns=192.0.2.1,mtu=1500   | --ipv4-only --dns 192.0.2.1 --mtu 1500
            user:ipv4=off,ipv6=on,dns=2001:db8::1  | --ipv6-only --dns 2001:db8::1
            """)
    void optionsOfQemuAreThoseOfPasst(String value, String arguments) {
        assertThat(PortKinds.parse(value))
                .isEqualTo(new UserKind.User("passt", arguments == null ? List.of() : List.of(arguments.split(" "))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '"', textBlock = """
            hostfwd                       ~ 'hostfwd' needs a value
            hostfwd=tcp::22               ~ hostfwd=tcp::22: it is [tcp|udp]:[hostaddr]:hostport-:guestport, such as tcp::2222-:22
            hostfwd=sctp::22-:22          ~ hostfwd=sctp::22-:22: it is [tcp|udp]:[hostaddr]:hostport-:guestport, such as tcp::2222-:22
            hostfwd=tcp::0-:22            ~ hostfwd=tcp::0-:22: a port is 1 to 65535
            hostfwd=tcp::22-:65536        ~ hostfwd=tcp::22-:65536: a port is 1 to 65535
            hostfwd=tcp::22-10.0.2.15:22  ~ hostfwd=tcp::22-10.0.2.15:22: passt forwards to the address that it gives out; leave the guest's out
            net=10.0.2.0                  ~ net is an IPv4 network, such as 10.0.2.0/24
            net=fd00::/64                 ~ net is an IPv4 network, such as 10.0.2.0/24
            host=here                     ~ host is an address
            mtu=67                        ~ mtu is 68 to 65520 bytes
            mtu=65521                     ~ mtu is 68 to 65520 bytes
            ipv4=no                       ~ ipv4 is on or off
            ipv4=off,ipv6=off             ~ ipv4 and ipv6 cannot both be off
            smb=/tmp                      ~ there is no option 'smb' (hostfwd, net, host, dhcpstart, dns, mtu, ipv4, ipv6, passt)
            """)
    void whatCannotBeIsSaid(String options, String words) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PortKinds.parse("user:" + options))
                .withMessage("--port=user:" + options + ": " + words);
    }

    @Test
    void withoutPasstThePackageIsNamed() {
        assertThatExceptionOfType(UnsupportedOption.class)
                .isThrownBy(() -> PortOption.toSwitching(
                        List.of(PortKinds.parse("user:passt=/nowhere/passt")), HostCapabilities.NOT_PROBED, 1, false))
                .withMessage("--port=user needs the program /nowhere/passt: install the package passt");
    }
}
