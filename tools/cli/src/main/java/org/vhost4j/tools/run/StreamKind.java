// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.List;
import java.util.Map;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port stream:unix:PATH} or {@code stream:tcp:HOST:PORT}: a network behind a stream, as in QEMU's {@code -netdev stream}. */
final class StreamKind implements PortKind {
    /**
     * The option.
     *
     * @param text the given value, without {@code server=}
     * @param address address on which the peer listens, or on which to listen for it
     * @param listens whether the peer connects to this program
     */
    record Stream(String text, SocketAddress address, boolean listens) implements PortOption.OnBridge {
        @Override
        public Uplink uplink(HostCapabilities host) {
            String name = "stream:" + text;
            return new StreamUplink(name, address, listens, PortOption.lines(name));
        }
    }

    @Override
    public String name() {
        return "stream";
    }

    @Override
    public String usage() {
        return "stream:unix:PATH[,server=on], stream:tcp:HOST:PORT[,server=on]";
    }

    @Override
    public PortOption parse(String option, String rest) {
        List<String> parts = CommaOptions.parts(rest);
        String address = parts.isEmpty() ? "" : parts.getFirst();
        Map<String, String> options = CommaOptions.parse(
                option, String.join(",", parts.subList(Math.min(1, parts.size()), parts.size())), "server");
        boolean listens = switch (options.getOrDefault("server", "off")) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException(option + ": server is on or off");
        };
        if (address.startsWith("unix:")) {
            return new Stream(address, AddressOption.parse(option, address), listens);
        }
        if (address.startsWith("tcp:")) {
            return new Stream(address, AddressOption.parse(option, address.substring("tcp:".length())), listens);
        }
        throw new IllegalArgumentException(option + ": a stream is unix:PATH or tcp:HOST:PORT");
    }
}
