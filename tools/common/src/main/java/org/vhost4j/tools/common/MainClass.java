// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

/** The main class of the program's JAR file. Modules below the command line start it as a child process and know it only by its name. */
public final class MainClass {
    /** The fully qualified name of the class with {@code main}. */
    public static final String NAME = "org.vhost4j.tools.Vhost4j";

    private MainClass() {}
}
