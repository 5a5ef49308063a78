// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

/** Makes text of unknown origin safe to print: a terminal must not interpret control characters in it. */
public final class PrintableText {
    private PrintableText() {}

    /**
     * Replaces control characters by their escapes, such as {@code \u001b}.
     *
     * @param text any text
     * @return the escaped text; the same text when it has no control characters
     */
    public static String of(String text) {
        if (text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        StringBuilder printable = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                printable.append("\\u%04x".formatted((int) c));
            } else {
                printable.append(c);
            }
        }
        return printable.toString();
    }
}
