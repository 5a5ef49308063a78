// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;

/** Every kind of {@code --port}. */
final class PortKinds implements Iterable<String> {
    /** All kinds in the order of the help. */
    static final List<PortKind> ALL = List.of(
            new TapKind(),
            new PacketKind(),
            new XdpKind(),
            new StreamKind(),
            new DgramKind(),
            new UserKind(),
            new NullKind(),
            new EchoKind(),
            new SourceKind());

    /** Creates the candidates for picocli, which shows {@link #iterator} in the help. */
    PortKinds() {}

    /**
     * Parses a value of {@code --port}.
     *
     * @param value the kind, and its options after a colon
     * @return the parsed option
     * @throws IllegalArgumentException when it is invalid; the message is for the user
     */
    static PortOption parse(String value) {
        int colon = value.indexOf(':');
        String name = colon < 0 ? value : value.substring(0, colon);
        String rest = colon < 0 ? "" : value.substring(colon + 1);
        String option = "--port=" + value;
        PortSettings.Split split = PortSettings.split(option, rest);
        PortSettings settings = PortSettings.read(option, split.values());
        PortOption parsed = ALL.stream()
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(option + ": a port is " + usages()))
                .parse(option, split.rest());
        if (parsed instanceof TapKind.Tap tap && tap.laneQueues()) {
            settings.requireUnlimited(option);
        }
        if (settings.isEmpty()) {
            return parsed;
        }
        if (parsed instanceof PortOption.OnBridge port) {
            return new PortOption.WithSettings(port, settings);
        }
        throw new IllegalArgumentException(option + ": VLANs and port-security are for ports on the bridge");
    }

    private static String usages() {
        String but = ALL.stream().limit(ALL.size() - 1L).map(PortKind::usage).collect(Collectors.joining(", "));
        return but + " or " + ALL.getLast().usage();
    }

    /** Returns the syntax of each kind. */
    @Override
    public Iterator<String> iterator() {
        return ALL.stream().map(PortKind::usage).iterator();
    }
}
