// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools;

/** The command {@code vhost4j}. */
public final class Vhost4j {
    private Vhost4j() {}

    /**
     * Runs the command.
     *
     * @param arguments the command line
     */
    public static void main(String[] arguments) {
        System.out.println("vhost4j " + String.join(" ", arguments));
    }
}
