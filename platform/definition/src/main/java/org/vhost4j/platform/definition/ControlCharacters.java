// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/**
 * Finds characters that a terminal interprets instead of displaying: control characters, including line ends, and characters that change
 * the writing direction. A definition's texts must not contain them, because they are printed in lists and messages.
 */
final class ControlCharacters {
    private ControlCharacters() {}

    /**
     * Checks the texts of a file.
     *
     * @param source the file
     * @param root its content
     * @return a problem for each text with such a character; empty when there are none
     */
    static List<DefinitionProblem> in(DefinitionSource source, JsonNode root) {
        List<DefinitionProblem> problems = new ArrayList<>();
        look(source, root, "", problems);
        return problems;
    }

    private static void look(DefinitionSource source, JsonNode node, String member, List<DefinitionProblem> problems) {
        if (node.isString()) {
            report(source, node, member, node.asString(), problems);
        }
        int index = 0;
        for (JsonNode element : node.isArray() ? node.values() : List.<JsonNode>of()) {
            look(source, element, member + "[" + index + "]", problems);
            index++;
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String name = entry.getKey();
            boolean good = first(name).isEmpty();
            if (!good) {
                report(source, entry.getValue(), member, name, problems);
            }
            String inner = good ? name : "?";
            look(source, entry.getValue(), member.isEmpty() ? inner : member + "." + inner, problems);
        }
    }

    private static void report(
            DefinitionSource source, JsonNode node, String member, String text, List<DefinitionProblem> problems) {
        OptionalInt found = first(text);
        if (found.isPresent()) {
            problems.add(new DefinitionProblem(
                    source.file(),
                    DefinitionReader.lineOf(node),
                    member,
                    "has the control character " + String.format(Locale.ROOT, "U+%04X", found.getAsInt())));
        }
    }

    private static OptionalInt first(String text) {
        return text.codePoints()
                .filter(each -> switch (Character.getType(each)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SURROGATE -> true;
                    default -> false;
                })
                .findFirst();
    }
}
