// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsOptionTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9478, 127.0.0.1, 9478",
        "localhost:0, 127.0.0.1, 0",
        "0.0.0.0:65535, 0.0.0.0, 65535",
        "[::1]:80, 0:0:0:0:0:0:0:1, 80",
    })
    void whereToListen(String value, String address, int port) {
        assertThat(MetricsOption.parse(value)).isInstanceOfSatisfying(InetSocketAddress.class, where -> {
            assertThat(where.getAddress().getHostAddress()).isEqualTo(address);
            assertThat(where.getPort()).isEqualTo(port);
        });
    }

    @Test
    void aUnixSocket() {
        assertThat(MetricsOption.parse("unix:/run/m.sock")).isEqualTo(UnixDomainSocketAddress.of("/run/m.sock"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "9478 | give ADDRESS:PORT, such as 127.0.0.1:9478",
                ":9478 | give ADDRESS:PORT",
                "127.0.0.1: | give ADDRESS:PORT",
                "127.0.0.1:65536 | with a port up to 65535",
                "127.0.0.1:http | give ADDRESS:PORT",
                "127.0.0.300:1 | '127.0.0.300' is not an address of this host",
                "unix: | unix: is followed by the path of a socket",
                "[host.example]:1 | '[host.example]' is not an address of this host",
                "[::g]:1 | '[::g]' is not an address of this host",
                "host.example:1 | '.host.example.' is not an address of this host",
                "::1:80 | '::1' is not an address of this host: give an IPv4 address, an IPv6 address in brackets",
            })
    void whatIsNoAddress(String value, String message) {
        assertThatThrownBy(() -> MetricsOption.parse(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--metrics=" + value + ": ")
                .hasMessageContaining(message.replace(".host.example.", "host.example"));
    }
}
