// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

/** A kind of {@code --port}. A new kind is a new class and one entry in {@link PortKinds#ALL}. */
interface PortKind {
    /**
     * Returns the beginning of the option's value, up to a colon or the end.
     *
     * @return name such as {@code tap}
     */
    String name();

    /**
     * Returns the syntax of the value.
     *
     * @return text such as {@code tap:ifname=NAME}
     */
    String usage();

    /**
     * Parses the text after the colon.
     *
     * @param option the whole option, for messages
     * @param rest the text after the colon, empty when there is no colon
     * @return the parsed option
     * @throws IllegalArgumentException when it is invalid; the message is for the user and begins with {@code option}
     */
    PortOption parse(String option, String rest);
}
