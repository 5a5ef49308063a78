// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Writes a value as JSON on one line of ASCII, with the same spaces, escapes and numbers as QEMU. */
public final class JsonText {
    /** Number of digits that distinguish any two doubles. */
    private static final int DOUBLE_DIGITS = 17;

    private static final MathContext DOUBLE = new MathContext(DOUBLE_DIGITS, RoundingMode.HALF_EVEN);

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private final OutputStream out;

    private JsonText(OutputStream out) {
        this.out = out;
    }

    /**
     * Writes a message followed by CR and LF, as QEMU does.
     *
     * @param value the message
     * @param out the stream, which receives many small writes
     * @throws IOException when writing to {@code out} fails
     */
    public static void write(JsonNode value, OutputStream out) throws IOException {
        JsonText json = new JsonText(out);
        json.value(value);
        json.raw("\r\n");
    }

    /**
     * Encodes a message with its line terminator.
     *
     * @param value the message
     * @return the bytes that {@link #write} writes
     */
    public static byte[] line(JsonNode value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            write(value, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private void value(JsonNode value) throws IOException {
        if (value.isObject()) {
            object(value);
        } else if (value.isArray()) {
            array(value);
        } else if (value.isString()) {
            string(value.stringValue());
        } else if (value.isFloatingPointNumber()) {
            raw(number(value.doubleValue()));
        } else {
            // Whole numbers, true, false and null have only one form.
            raw(value.toString());
        }
    }

    private void object(JsonNode object) throws IOException {
        String separator = "";
        out.write('{');
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            raw(separator);
            string(member.getKey());
            raw(": ");
            value(member.getValue());
            separator = ", ";
        }
        out.write('}');
    }

    private void array(JsonNode array) throws IOException {
        String separator = "";
        out.write('[');
        for (JsonNode element : array) {
            raw(separator);
            value(element);
            separator = ", ";
        }
        out.write(']');
    }

    private void string(String string) throws IOException {
        out.write('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            int letter = "\"\\\b\f\n\r\t".indexOf(c);
            if (letter >= 0) {
                out.write('\\');
                out.write("\"\\bfnrt".charAt(letter));
            } else if (c >= 0x20 && c < 0x7f) {
                out.write(c);
            } else {
                raw("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    out.write(HEX[c >> shift & 0xf]);
                }
            }
        }
        out.write('"');
    }

    private void raw(String ascii) throws IOException {
        out.write(ascii.getBytes(StandardCharsets.US_ASCII));
    }

    /** Formats a number like C's {@code %.17g}. Infinity, which JSON does not have, becomes the largest double. */
    static String number(double value) {
        double finite = Math.clamp(value, -Double.MAX_VALUE, Double.MAX_VALUE);
        if (finite == 0) {
            return 1 / finite < 0 ? "-0" : "0";
        }
        BigDecimal rounded = new BigDecimal(finite).round(DOUBLE).stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < DOUBLE_DIGITS) {
            return rounded.toPlainString();
        }
        String digits = rounded.unscaledValue().abs().toString();
        return (finite < 0 ? "-" : "")
                + digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }
}
