// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.ArrayList;
import java.util.List;

/**
 * The evidence of a failure.
 *
 * @param sent what the case did, step by step
 * @param came what the back-end did
 * @param rule the requirement of the specification, with the section
 */
public record Evidence(List<String> sent, String came, String rule) {
    /** Copies the list. */
    public Evidence {
        sent = List.copyOf(sent);
    }

    /**
     * Formats the evidence.
     *
     * @return the lines, each with a label, without indentation and line terminators
     */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            lines.add((i == 0 ? "sent: " : "      ") + sent.get(i));
        }
        List<String> answer = came.lines().toList();
        for (int i = 0; i < answer.size(); i++) {
            lines.add((i == 0 ? "came: " : "      ") + answer.get(i));
        }
        lines.add("rule: " + rule);
        return lines;
    }
}
