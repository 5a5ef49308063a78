// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

/** {@code --port}: {@code tap:ifname=NAME}, {@code null[:copy=on]}, {@code echo} or {@code source:size=BYTES}. */
sealed interface PortOption {
    /** A TAP on the bridge. */
    record Tap(String ifname) implements PortOption {}

    /** No bridge: frames are dropped, after a copy of each when {@code copy} is true. */
    record Null(boolean copy) implements PortOption {}

    /** No bridge: frames return. */
    record Echo() implements PortOption {}

    /** No bridge: guests receive frames of this size without end. */
    record Source(int bytes) implements PortOption {}

    /**
     * Reads the option's value.
     *
     * @throws IllegalArgumentException in words for the user
     */
    static PortOption parse(String value) {
        int colon = value.indexOf(':');
        String kind = colon < 0 ? value : value.substring(0, colon);
        String rest = colon < 0 ? "" : value.substring(colon + 1);
        String option = "--port=" + value;
        return switch (kind) {
            case "tap" -> tap(option, rest);
            case "null" -> drop(option, rest);
            case "echo" -> {
                CommaOptions.none(option, rest);
                yield new Echo();
            }
            case "source" -> source(option, rest);
            default ->
                throw new IllegalArgumentException(
                        option + ": a port is tap:ifname=NAME, null[:copy=on], echo or source:size=BYTES");
        };
    }

    private static PortOption tap(String option, String rest) {
        String ifname = CommaOptions.parse(option, rest, "ifname").get("ifname");
        // The kernel's IFNAMSIZ is 16 with the final zero.
        if (ifname == null || ifname.length() > 15) {
            throw new IllegalArgumentException(option + ": a TAP needs ifname=NAME of 1 to 15 characters");
        }
        return new Tap(ifname);
    }

    private static PortOption drop(String option, String rest) {
        return switch (CommaOptions.parse(option, rest, "copy").getOrDefault("copy", "off")) {
            case "on" -> new Null(true);
            case "off" -> new Null(false);
            default -> throw new IllegalArgumentException(option + ": copy is on or off");
        };
    }

    private static PortOption source(String option, String rest) {
        String size = CommaOptions.parse(option, rest, "size").getOrDefault("size", "64");
        if (!size.matches("[0-9]{1,5}") || Integer.parseInt(size) < 14 || Integer.parseInt(size) > 65535) {
            throw new IllegalArgumentException(option + ": size is 14 to 65535 bytes");
        }
        return new Source(Integer.parseInt(size));
    }
}
