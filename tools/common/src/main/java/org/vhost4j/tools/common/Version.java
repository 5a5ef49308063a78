// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.common;

/** The version of the running program. */
public final class Version {
    private Version() {}

    /**
     * Returns the version from the manifest of the JAR file.
     *
     * @return the version, such as {@code 0.1.0}, or {@code (not packaged)} when the classes are in a directory
     */
    public static String current() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
