// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance;

import java.util.ArrayList;
import java.util.List;

/**
 * Why a case failed.
 *
 * @param sent what was done, step by step
 * @param came what the back-end did
 * @param rule what the specification says, with the section
 */
public record Evidence(List<String> sent, String came, String rule) {
    /** Copies the list. */
    public Evidence {
        sent = List.copyOf(sent);
    }

    /**
     * The evidence as lines of text.
     *
     * @return lines without line terminators, labelled and not indented
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
