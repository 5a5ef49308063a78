// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Parses and changes the value of a QEMU option, in either of its notations: {@code tap,id=n0,vhost=on}, where a comma
 * in a value is doubled and a word without {@code =} is the value of an implied key or a switch; or {@code
 * {"type":"tap","id":"n0","vhost":true}}.
 */
final class KeyValues {
    private KeyValues() {}

    /**
     * Parses a value.
     *
     * @param text text on the command line
     * @param implied the implied key of the first word
     * @return keys and values in order, with the last value of a repeated key; empty when the text is invalid, which
     *     QEMU reports
     */
    static Map<String, String> of(String text, String implied) {
        return text.startsWith("{") ? ofJson(text) : ofWords(text, implied);
    }

    private static Map<String, String> ofWords(String text, String implied) {
        Map<String, String> values = new LinkedHashMap<>();
        int from = 0;
        boolean first = true;
        while (from < text.length()) {
            int end = endOfWord(text, from);
            String word = text.substring(from, end).replace(",,", ",");
            int equals = word.indexOf('=');
            if (equals >= 0) {
                values.put(word.substring(0, equals), word.substring(equals + 1));
            } else if (first) {
                values.put(implied, word);
            } else if (word.startsWith("no")) {
                values.put(word.substring(2), "off");
            } else {
                values.put(word, "on");
            }
            first = false;
            from = end + 1;
        }
        return values;
    }

    /** Returns the end of the word that begins at an index: a single comma, or the end of the text. */
    private static int endOfWord(String text, int from) {
        int comma = text.indexOf(',', from);
        while (comma >= 0 && comma + 1 < text.length() && text.charAt(comma + 1) == ',') {
            comma = text.indexOf(',', comma + 2);
        }
        return comma < 0 ? text.length() : comma;
    }

    private static Map<String, String> ofJson(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        @Nullable JsonNode root;
        try {
            root = JsonMapper.shared().readTree(text.getBytes(StandardCharsets.ISO_8859_1));
        } catch (JacksonException e) {
            return values;
        }
        root.properties().forEach(member -> {
            if (member.getValue().isBoolean()) {
                values.put(member.getKey(), member.getValue().asBoolean() ? "on" : "off");
            } else if (member.getValue().isValueNode()) {
                values.put(member.getKey(), member.getValue().asString());
            }
        });
        return values;
    }

    /**
     * Returns the text with the value of a key replaced.
     *
     * @param text an option's value in words
     * @param key the key, implied or explicit
     * @param before its present value
     * @param after its new value
     * @return the text with the last such value replaced
     */
    static String replace(String text, String key, String before, String after) {
        String written = key + "=" + before;
        String replaced = text;
        int from = 0;
        boolean first = true;
        while (from < text.length()) {
            int end = endOfWord(text, from);
            String word = text.substring(from, end);
            if (word.equals(written)) {
                replaced = text.substring(0, from) + key + "=" + after + text.substring(end);
            } else if (first && word.equals(before)) {
                replaced = after + text.substring(end);
            }
            first = false;
            from = end + 1;
        }
        return replaced;
    }

    /**
     * Returns the text with each word of a key replaced by another word.
     *
     * @param text an option's value in words
     * @param key the explicit key
     * @param instead the new word
     * @return the text with that word in place of each {@code key=...}
     */
    static String withInstead(String text, String key, String instead) {
        List<String> words = new ArrayList<>();
        for (int from = 0; from <= text.length(); ) {
            int end = endOfWord(text, from);
            String word = text.substring(from, end);
            words.add(word.startsWith(key + "=") ? instead : word);
            from = end + 1;
        }
        return String.join(",", words);
    }

    /**
     * Returns the text without its first word.
     *
     * @param text an option's value in words
     * @return the text after the first word, with the comma before it; empty when there is none
     */
    static String behindFirst(String text) {
        return text.substring(endOfWord(text, 0));
    }
}
