// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DriverHeaderTest {
    @Test
    void fieldsAreWhereTheSpecificationPutsThem() {
        DriverHeader header = new DriverHeader(1, 5, 0x0102, 0x0304, 0x0506, 0x0708, 0x090a);
        byte[] bytes = {1, 5, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9};
        assertThat(header.toBytes(12)).isEqualTo(bytes);
        assertThat(DriverHeader.read(bytes, 0, 12)).isEqualTo(header);
    }

    @Test
    void aLegacyHeaderHasNoNumBuffers() {
        DriverHeader header = DriverHeader.superFrame(DriverHeader.GSO_TCPV4, 54, 1448, 34, 16);
        assertThat(header.toBytes(10)).hasSize(10);
        assertThat(DriverHeader.read(header.toBytes(10), 0, 10)).isEqualTo(header.withNumBuffers(1));
        assertThat(header.toBytes(20)).hasSize(20).endsWith(0, 0, 0, 0, 0, 0, 0, 0);
        assertThat(header.toBytes(3)).hasSize(3);
    }
}
