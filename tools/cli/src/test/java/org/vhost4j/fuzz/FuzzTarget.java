// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Code that processes untrusted input, driven by one array of bytes. */
public interface FuzzTarget extends AutoCloseable {
    /**
     * What the command line calls it.
     *
     * @return a word in lower case
     */
    String name();

    /**
     * Inputs that come far, to begin with.
     *
     * @return at least one
     */
    List<byte[]> seeds();

    /**
     * Runs once. Whatever the bytes are, it returns, and each rule that the target knows is kept.
     *
     * @param bytes any
     * @throws Exception when a rule was broken: a finding
     */
    void run(byte[] bytes) throws Exception;

    /**
     * One of the rules that a target knows.
     *
     * @param kept whether it is kept
     * @param rule how it is broken
     */
    static void require(boolean kept, String rule) {
        if (!kept) {
            throw new AssertionError(rule);
        }
    }

    /**
     * What a user is told is one line that says something.
     *
     * @param line what is said
     */
    static void requireLine(@Nullable String line) {
        require(line != null && !line.isBlank() && line.chars().noneMatch(Character::isISOControl), "no line: " + line);
    }

    /** Releases what it holds. */
    @Override
    default void close() {}
}
