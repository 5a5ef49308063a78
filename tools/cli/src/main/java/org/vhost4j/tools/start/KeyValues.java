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
 * The value of one of QEMU's options, in either of its notations: {@code tap,id=n0,vhost=on}, where a comma in a value is doubled and a
 * word without {@code =} is the value of an implied key or a switch; or {@code {"type":"tap","id":"n0","vhost":true}}.
 */
final class KeyValues {
    private KeyValues() {}

    /**
     * Reads it.
     *
     * @param text as it is on the command line
     * @param implied the key that the first word may leave out
     * @return keys and values in order; of a repeated key the last. Empty when the text is no such value: that is for QEMU to say
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

    /** Where the word ends that begins at an index: at a single comma, or with the text. */
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
     * The text without what a machine's name has too much.
     *
     * @param text an option's value in words
     * @param key the key, implied or written out
     * @param before its value
     * @param after what it becomes
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
     * The text with another word for a key's.
     *
     * @param text an option's value in words
     * @param key the key, written out
     * @param instead a word
     * @return the text with that word in the place of each {@code key=...}
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
     * The text without its first word.
     *
     * @param text an option's value in words
     * @return what follows the first word, with the comma before it; empty when nothing follows
     */
    static String behindFirst(String text) {
        return text.substring(endOfWord(text, 0));
    }
}
