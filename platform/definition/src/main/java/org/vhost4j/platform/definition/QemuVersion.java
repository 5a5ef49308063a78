// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A release of QEMU, such as 9.1.
 *
 * @param major the first number
 * @param minor the second number
 */
public record QemuVersion(int major, int minor) implements Comparable<QemuVersion> {
    private static final Comparator<QemuVersion> ORDER =
            Comparator.comparingInt(QemuVersion::major).thenComparingInt(QemuVersion::minor);

    private static final Pattern TEXT = Pattern.compile("([0-9]{1,4})\\.([0-9]{1,4})");

    /**
     * Parses a version.
     *
     * @param text two numbers separated by a dot
     * @return the version; empty for any other text, such as a distribution's name
     */
    public static Optional<QemuVersion> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        return matcher.matches()
                ? Optional.of(new QemuVersion(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))))
                : Optional.empty();
    }

    /**
     * Returns whether this release is the given one or an earlier one.
     *
     * @param lastMajor major number of the given release
     * @param lastMinor minor number of the given release
     * @return true for an earlier release and for the given one
     */
    public boolean isAtMost(int lastMajor, int lastMinor) {
        return compareTo(new QemuVersion(lastMajor, lastMinor)) <= 0;
    }

    @Override
    public int compareTo(QemuVersion other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
