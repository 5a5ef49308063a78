// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

/** The class that the archive starts. Modules below the command line start it again as a child process, and know it by its name only. */
public final class MainClass {
    /** The fully qualified name of the class with {@code main}. */
    public static final String NAME = "org.vhost4j.tools.Vhost4j";

    private MainClass() {}
}
