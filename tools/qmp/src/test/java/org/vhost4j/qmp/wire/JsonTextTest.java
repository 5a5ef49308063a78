// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class JsonTextTest {
    @ParameterizedTest
    @CsvSource({
        "0.1, 0.10000000000000001",
        "1e10, 10000000000",
        "1e16, 10000000000000000",
        "1e17, 1e+17",
        "-1.5e-7, -1.4999999999999999e-07",
        "0.0001, 0.0001",
        "0.00001, 1.0000000000000001e-05",
        "4.9e-324, 4.9406564584124654e-324",
        "100000.5, 100000.5",
        "-0.0, -0",
        "3.0, 3",
        "Infinity, 1.7976931348623157e+308",
        "-Infinity, -1.7976931348623157e+308",
    })
    void numbersAreThoseOfC(double value, String text) {
        assertThat(JsonText.number(value)).isEqualTo(text);
    }

    @Test
    void everyDoubleComesBack() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(value)) {
                assertThat(Double.parseDouble(JsonText.number(value))).isEqualTo(value);
            }
        }
    }

    @Test
    void aMessageIsOneLineOfAscii() {
        ObjectNode message = JsonNodeFactory.instance.objectNode();
        message.put("e\u00e9", "\ud83d\ude00\n\u0000\"\\/\u007f");
        message.putArray("list").add(1).add(true).addNull();
        message.putObject("empty");
        assertThat(new String(JsonText.line(message), StandardCharsets.ISO_8859_1))
                .isEqualTo("{\"e\\u00E9\": \"\\uD83D\\uDE00\\n\\u0000\\\"\\\\/\\u007F\", "
                        + "\"list\": [1, true, null], \"empty\": {}}\r\n");
    }
}
