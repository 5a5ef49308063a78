// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Tests the parsing of a client's bytes. Error texts and positions are those of QEMU 11.1, with which an integration
 * test compares them.
 */
class MessageReaderTest {
    private static final MessageLimits SMALL = new MessageLimits(100, 40, 8);

    /** Records all messages and errors of a reader, in order. */
    private static final class Found implements MessageReader.Sink {
        private final List<String> all = new ArrayList<>();

        @Override
        public void message(JsonNode message) {
            all.add(new String(JsonText.line(message), StandardCharsets.US_ASCII).strip());
        }

        @Override
        public void broken(String description) {
            all.add(description);
        }
    }

    private static List<String> read(MessageLimits limits, byte[]... packets) {
        Found found = new Found();
        MemoryBudget budget = new MemoryBudget(1 << 30);
        try (MessageReader reader = new MessageReader(limits, budget, found)) {
            for (byte[] packet : packets) {
                reader.feed(packet, 0, packet.length);
            }
        }
        assertThat(budget.left()).isEqualTo(1 << 30);
        return found.all;
    }

    /** A character of the text is a byte. */
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static List<String> read(String text) {
        return read(MessageLimits.QEMU, bytes(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|{}",
                "[]|[]",
                "[[], {}, [ 1,2 ]]|[[], {}, [1, 2]]",
                "{\"a\": {\"b\": null}, \"c\": [true, false]}|{\"a\": {\"b\": null}, \"c\": [true, false]}",
                "{'it': 'says \"x\"'}|{\"it\": \"says \\\"x\\\"\"}",
                "{'it\\'s': 1}|{\"it's\": 1}",
                "'\\b\\f\\n\\r\\t\\/\\\\\\\"'|\"\\b\\f\\n\\r\\t/\\\\\\\"\"",
                "'\\u00e9\\uD83D\\ude00\\u0000'|\"\\u00E9\\uD83D\\uDE00\\u0000\"",
                "'\u00c3\u00a9\u00f0\u009f\u0098\u0080\u00c0\u0080\u007f'|\"\\u00E9\\uD83D\\uDE00\\u0000\\u007F\"",
                "[0, -0, -1, 9223372036854775807, -9223372036854775808]|[0, 0, -1, 9223372036854775807, -9223372036854775808]",
                "[9223372036854775808, 18446744073709551615]|[9223372036854775808, 18446744073709551615]",
                "[18446744073709551616, -9223372036854775809]|[1.8446744073709552e+19, -9.2233720368547758e+18]",
                "[1.5, 1e2, 1E+2, 1.25e-7, -0.0, 0.1]|[1.5, 100, 100, 1.2499999999999999e-07, -0, 0.10000000000000001]",
            })
    void values(String input, String value) {
        assertThat(read(input + " ")).containsExactly(value);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"execute\": }|1:13: JSON parse error, expecting value",
                "}|1:1: JSON parse error, expecting value",
                "{]|1:2: JSON parse error, expecting key",
                "{1:2}|1:2: JSON parse error, expecting key",
                "{\"a\":1,}|1:8: JSON parse error, expecting key",
                "[1,]|1:4: JSON parse error, expecting value",
                "[1 2]|1:4: JSON parse error, expected ',' or ']'",
                "{\"a\":1 \"b\"}|1:8: JSON parse error, expected ',' or '}'",
                "{\"a\" 1}|1:6: JSON parse error, expecting ':'",
                "{\"a\":tru}|1:6: JSON parse error, invalid keyword 'tru'",
                "{\"a\":1,\"a\":{\"b\":2}}|1:19: JSON parse error, duplicate key",
                "{\"a\":\"\\q\"}|1:6: JSON parse error, invalid escape sequence in string",
                "{\"a\":\"\\u12\"}|1:6: JSON parse error, \\u12\" is not a valid Unicode character",
                "[\"\\ud800\"]|1:2: JSON parse error, \\ud800 is not a valid Unicode character",
                "[\"\\ud800\\u0041\"]|1:2: JSON parse error, \\ud800 is not a valid Unicode character",
                "[\"\\uDBFF\\uDFFF\"]|1:2: JSON parse error, \\uDBFF\\uDFFF is not a valid Unicode character",
                "[\"\u00c3(\"]|1:2: JSON parse error, invalid UTF-8 sequence in string",
                "[\"\u00ed\u00a0\u0080\"]|1:2: JSON parse error, invalid UTF-8 sequence in string",
                "[\"\u00c1\u00bf\"]|1:2: JSON parse error, invalid UTF-8 sequence in string",
                "[\"\u00ef\u00bf\u00bf\"]|1:2: JSON parse error, invalid UTF-8 sequence in string",
                "@|1:1: JSON parse error, stray '@'",
                "[-]|1:2: JSON parse error, stray '-]'",
                "[1.]|1:2: JSON parse error, stray '1.]'",
                "[1e+]|1:2: JSON parse error, stray '1e+]'",
            })
    void whatIsBroken(String input, String description) {
        assertThat(read(input)).containsExactly(description);
    }

    @Test
    void placesAfterLinesAndAfterWhatIsPassedOver() {
        assertThat(read("\n\n @")).containsExactly("3:2: JSON parse error, stray '@'");
        assertThat(read("{\"a\":01}"))
                .containsExactly("1:6: JSON parse error, stray '01'", "1:9: JSON parse error, expecting value");
        assertThat(read("true@ ")).containsExactly("true", "1:6: JSON parse error, stray '@'");
        assertThat(read("[\"x\ny\"]"))
                .containsExactly("1:2: JSON parse error, stray '\"x\n'", "2:4: JSON parse error, expecting value");
    }

    @Test
    void aBrokenMessageIsReportedOnceAndPassedOver() {
        assertThat(read("{\"a\" 1, [2, {\"b\" 3}], 4}{}"))
                .containsExactly("1:6: JSON parse error, expecting ':'", "{}");
        assertThat(read("[tru, }1 ")).containsExactly("1:2: JSON parse error, invalid keyword 'tru'", "1");
    }

    @Test
    void whatHasNoEndGetsNoAnswer() {
        assertThat(read("{\"execute\": \"quit\"")).isEmpty();
        assertThat(read("\"\\")).isEmpty();
        assertThat(read("true")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u00ff", "\u00fe", "\u0001", "\u0000"})
    void aStrayByteMakesAnEndOfWhateverCameBefore(String stray) {
        for (String before : List.of("{\"a\": [", "[tru", "\"text", "{\"a\": \"\\", "@ garbage", "-", "")) {
            List<String> found = read(before + stray + "{\"b\": 1}");
            assertThat(found.getLast()).as(before).isEqualTo("{\"b\": 1}");
            assertThat(found.getFirst()).as(before).contains("JSON parse error, ");
        }
    }

    @Test
    void itDoesNotMatterHowBytesArrive() {
        byte[] all =
                bytes("{'a': [1, -2.5e3, \"\u00c3\u00a9\\u0041\"]}\n[true,nul]{\"x\" 1}@ {}\u00ff{'b':null}[]\"s\"");
        List<String> whole = read(MessageLimits.QEMU, all);
        assertThat(whole).hasSize(9);
        for (int i = 0; i <= all.length; i++) {
            byte[] head = Arrays.copyOfRange(all, 0, i);
            byte[] tail = Arrays.copyOfRange(all, i, all.length);
            assertThat(read(MessageLimits.QEMU, head, tail)).isEqualTo(whole);
        }
        byte[][] single = new byte[all.length][];
        for (int i = 0; i < all.length; i++) {
            single[i] = new byte[] {all[i]};
        }
        assertThat(read(MessageLimits.QEMU, single)).isEqualTo(whole);
    }

    @Test
    void nestingHasALimit() {
        String open = "[".repeat(1024);
        String shut = "]".repeat(1024);
        assertThat(read(open + shut)).hasSize(1).first().asString().startsWith("[[[");
        assertThat(read("[" + open + shut + "]{}")).containsExactly("JSON nesting depth limit exceeded", "{}");
        assertThat(read("{\"a\": " + open + shut + "}{}")).containsExactly("JSON nesting depth limit exceeded", "{}");
    }

    @Test
    void aMessageHasALimit() {
        assertThat(read(SMALL, bytes("['" + "a".repeat(90) + "']")))
                .hasSize(1)
                .noneMatch(text -> text.contains("limit"));
        assertThat(read(SMALL, bytes("['" + "a".repeat(99) + "']{}")))
                .containsExactly("JSON token size limit exceeded", "{}");
        assertThat(read(SMALL, bytes("['" + "a".repeat(50) + "','" + "a".repeat(50) + "']{}")))
                .containsExactly("JSON token size limit exceeded", "{}");
        assertThat(read(SMALL, bytes("[" + "1,".repeat(25) + "1]{}")))
                .containsExactly("JSON token count limit exceeded", "{}");
    }

    @Test
    void atTheLimitATokenEnds() {
        List<String> found = read(SMALL, bytes("'" + "a".repeat(250) + "' \u00ff{}"));
        assertThat(found.getFirst()).isEqualTo("JSON token size limit exceeded");
        assertThat(found.getLast()).isEqualTo("{}");
    }

    @Test
    void allMessagesTogetherHaveABudget() {
        MemoryBudget budget = new MemoryBudget(200_000);
        Found one = new Found();
        Found other = new Found();
        try (MessageReader first = new MessageReader(MessageLimits.QEMU, budget, one);
                MessageReader second = new MessageReader(MessageLimits.QEMU, budget, other)) {
            byte[] text = bytes("{'a': '" + "a".repeat(30_000));
            first.feed(text, 0, text.length);
            second.feed(text, 0, text.length);
            byte[] more = bytes("a".repeat(30_000));
            second.feed(more, 0, more.length);
            assertThat(other.all).first().isEqualTo("JSON token size limit exceeded");
            byte[] end = bytes("'}");
            first.feed(end, 0, end.length);
            assertThat(one.all).hasSize(1).first().asString().startsWith("{\"a\": \"aaa");
            byte[] again = bytes("\u00ff{}");
            second.feed(again, 0, again.length);
            assertThat(other.all).last().isEqualTo("{}");
        }
        assertThat(budget.left()).isEqualTo(200_000);
    }

    /** Random bytes, and random bytes that are nearly JSON, do no harm, and a byte 0xFF makes an end of them. */
    @Test
    void nothingUpsetsIt() {
        Random random = new Random(20261123);
        String likely = "{}[]:,\"'\\ \n@truefalsn0123456789.-+eEu\u00c3\u00a9\u00ff\u0000";
        for (int round = 0; round < 20_000; round++) {
            byte[] garbage = new byte[random.nextInt(40)];
            for (int i = 0; i < garbage.length; i++) {
                garbage[i] = round % 2 == 0
                        ? (byte) random.nextInt(256)
                        : (byte) likely.charAt(random.nextInt(likely.length()));
            }
            List<String> found = read(SMALL, garbage, bytes("\u00ff{\"end\": 1}"));
            assertThat(found.getLast()).isEqualTo("{\"end\": 1}");
            assertThat(found).allMatch(line -> !line.isEmpty());
        }
    }
}
