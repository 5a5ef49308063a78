// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.Map;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.sys.SocketAddress;
import org.vhost4j.vhostuser.server.Uplink;

/** {@code --port dgram:local=ADDRESS,remote=ADDRESS}: a network behind datagrams, as in QEMU's {@code -netdev dgram}. */
final class DgramKind implements PortKind {
    /**
     * The option.
     *
     * @param local address to which the socket is bound
     * @param remote address to which frames are sent
     */
    record Dgram(SocketAddress local, SocketAddress remote) implements PortOption.OnBridge {
        @Override
        public Uplink uplink(HostCapabilities host) {
            String name = "dgram:" + local;
            return new DgramUplink(name, local, remote, PortOption.lines(name));
        }
    }

    @Override
    public String name() {
        return "dgram";
    }

    @Override
    public String usage() {
        return "dgram:local=ADDRESS,remote=ADDRESS";
    }

    @Override
    public PortOption parse(String option, String rest) {
        Map<String, String> options = CommaOptions.parse(option, rest, "local", "remote");
        String local = options.get("local");
        String remote = options.get("remote");
        if (local == null || remote == null) {
            throw new IllegalArgumentException(
                    option + ": datagrams need local= and remote=, each unix:PATH or HOST:PORT");
        }
        SocketAddress from = AddressOption.parse(option, local);
        SocketAddress to = AddressOption.parse(option, remote);
        if ((from.path() == null) != (to.path() == null)) {
            throw new IllegalArgumentException(option + ": local and remote are both unix:PATH or both HOST:PORT");
        }
        return new Dgram(from, to);
    }
}
