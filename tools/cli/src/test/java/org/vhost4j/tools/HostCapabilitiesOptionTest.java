// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that an unreadable file of host capabilities is an error in every command that accepts one, whether it needs it
 * or not.
 */
final class HostCapabilitiesOptionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "run --socket-path=nowhere.sock",
                "run --socket-path=nowhere.sock --port=tap:ifname=vh4jnone",
                "run --socket-path=nowhere.sock --port=null --platform=linux-6.1",
                "demo --platform linux-6.1",
                "platform show linux-6.1",
                "platform show host",
                "platform check linux-6.1",
                "platform check host",
                "platform labels",
                "qemu-args --platform linux-6.1",
                "qemu-args --platform host",
                "qemu-args --platform linux-6.1 --netdev vhost-user",
                "qemu-args --platform linux-6.1 --netdev vhost-net"
            })
    void oneLineSaysThatItCannotBeRead(String command) {
        StringWriter errors = new StringWriter();
        String[] arguments = (command + " --host-capabilities /nonexistent.json").split(" ", -1);
        assertThat(Vhost4j.run(new PrintWriter(errors, true), arguments)).isEqualTo(2);
        assertThat(errors.toString().lines())
                .singleElement()
                .asString()
                .endsWith("The host capabilities in /nonexistent.json cannot be read: it is not there.");
    }
}
