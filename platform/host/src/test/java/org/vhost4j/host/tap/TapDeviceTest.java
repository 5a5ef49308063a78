// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.vhost4j.device.frame.Offloads.ALL_WITH_TUNNELS;
import static org.vhost4j.device.frame.Offloads.CSUM;
import static org.vhost4j.device.frame.Offloads.ECN;
import static org.vhost4j.device.frame.Offloads.TSO4;
import static org.vhost4j.device.frame.Offloads.TSO6;
import static org.vhost4j.device.frame.Offloads.UDP_TUNNEL;
import static org.vhost4j.device.frame.Offloads.UDP_TUNNEL_CSUM;
import static org.vhost4j.device.frame.Offloads.UFO;
import static org.vhost4j.device.frame.Offloads.USO4;
import static org.vhost4j.device.frame.Offloads.USO6;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.SystemError;

class TapDeviceTest {
    @Test
    void whatATapCanBeToldObeysTheKernelsRules() {
        assertThat(TapDevice.settable(0)).isZero();
        assertThat(TapDevice.settable(TSO4 | TSO6 | USO4 | USO6))
                .as("all needs CSUM")
                .isZero();
        assertThat(TapDevice.settable(CSUM | USO4)).isEqualTo(CSUM);
        assertThat(TapDevice.settable(CSUM | TSO4 | USO6)).isEqualTo(CSUM | TSO4);
        assertThat(TapDevice.settable(CSUM | USO4 | USO6)).isEqualTo(CSUM | USO4 | USO6);
        assertThat(TapDevice.settable(CSUM | ECN)).isEqualTo(CSUM);
        assertThat(TapDevice.settable(CSUM | TSO6 | ECN | UFO)).isEqualTo(CSUM | TSO6 | ECN | UFO);
        assertThat(TapDevice.settable(CSUM | USO4 | UDP_TUNNEL | UDP_TUNNEL_CSUM))
                .as("half of USO is none, and a tunnel must carry something")
                .isEqualTo(CSUM);
        assertThat(TapDevice.settable(CSUM | TSO4 | UDP_TUNNEL)).isEqualTo(CSUM | TSO4 | UDP_TUNNEL);
        assertThat(TapDevice.settable(CSUM | TSO4 | UDP_TUNNEL_CSUM)).isEqualTo(CSUM | TSO4);
        assertThat(TapDevice.settable(ALL_WITH_TUNNELS)).isEqualTo(ALL_WITH_TUNNELS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2|there is no /dev/net/tun; load the kernel's tun module, or pass the device into the container",
                "6|there is no /dev/net/tun; load the kernel's tun module, or pass the device into the container",
                "19|there is no /dev/net/tun; load the kernel's tun module, or pass the device into the container",
                "13|no permission to open /dev/net/tun for reading and writing",
                "24|/dev/net/tun cannot be opened: EMFILE (Too many open files)",
            })
    void aNodeThatCannotBeOpenedIsExplained(int errno, String reason) {
        assertThat(TapDevice.cannotOpen("tap7", errno))
                .hasMessage("cannot open TAP tap7: " + reason)
                .extracting(SystemError::errno)
                .isEqualTo(errno);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1|not permitted; it needs CAP_NET_ADMIN, or a TAP that was made for this user with \"ip tuntap add tap7"
                        + " mode tap user NAME\"",
                "16|another process has it open",
                "7|all of its queues are in use",
                "12|ENOMEM (Cannot allocate memory)",
            })
    void anInterfaceThatCannotBeHadIsExplained(int errno, String reason) {
        assertThat(TapDevice.cannotAttach("tap7", true, errno, InterfaceKind.NONE))
                .hasMessage("cannot open TAP tap7: " + reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "NONE|false|no interface can have this name",
                "OTHER|false|an interface of this name exists, and it is no TAP",
                "TAP|true|it was made without multi_queue, and cannot have a second queue",
                "TAP|false|it was made with multi_queue, which is for guests with several queue pairs (--queues); make it"
                        + " without",
            })
    void eachCauseOfOneErrorIsDistinguished(InterfaceKind kind, boolean multiQueue, String reason) {
        assertThat(TapDevice.cannotAttach("tap7", multiQueue, Errno.EINVAL, kind))
                .hasMessage("cannot open TAP tap7: " + reason);
    }

    @Test
    void namesThatNoInterfaceCanHaveAreRefused() {
        assertThatThrownBy(() -> TapDevice.open("", false))
                .hasMessage("an interface's name has 1 to 15 bytes, but \"\" has 0");
        assertThatThrownBy(() -> TapDevice.open("a-name-too-long1", false))
                .hasMessage("an interface's name has 1 to 15 bytes, but \"a-name-too-long1\" has 16")
                .extracting(e -> ((SystemError) e).errno())
                .isEqualTo(Errno.EINVAL);
    }
}
