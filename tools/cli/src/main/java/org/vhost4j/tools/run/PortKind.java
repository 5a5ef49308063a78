// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

/** A kind of {@code --port}. A new kind is a class of its own and one entry in {@link PortKinds#ALL}. */
interface PortKind {
    /**
     * What the option's value begins with, up to a colon or the end.
     *
     * @return such as {@code tap}
     */
    String name();

    /**
     * How the value is written.
     *
     * @return such as {@code tap:ifname=NAME}
     */
    String usage();

    /**
     * Reads what follows the colon.
     *
     * @param option the whole option, for messages
     * @param rest the text after the colon, empty when there is no colon
     * @return what the option asks for
     * @throws IllegalArgumentException in words for the user, beginning with {@code option}
     */
    PortOption parse(String option, String rest);
}
