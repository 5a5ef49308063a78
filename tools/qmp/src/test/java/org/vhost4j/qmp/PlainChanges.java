// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import java.nio.file.Path;
import java.util.Map;
import org.vhost4j.device.bridge.PortVlan;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.ChangeRefused;
import org.vhost4j.vhostuser.server.Endpoint;
import org.vhost4j.vhostuser.server.Membership;

/** Changes of a real back-end with the settings {@code name} and {@code tag} only, and without ports. */
record PlainChanges(Membership membership) implements Changes {
    @Override
    public String addGuest(String socket, Map<String, String> settings) throws ChangeRefused {
        return membership.addGuest(
                with(Endpoint.listen(Path.of(socket), Attach.AUTO).withName(settings.get("name")), settings));
    }

    private static Endpoint with(Endpoint guest, Map<String, String> settings) {
        String tag = settings.get("tag");
        return tag == null ? guest : guest.withVlan(PortVlan.access(Integer.parseInt(tag)));
    }

    @Override
    public void setGuest(String name, Map<String, String> settings) throws ChangeRefused {
        membership.changeGuest(name, guest -> with(guest, settings));
    }

    @Override
    public Membership.Guest removeGuest(String name) throws ChangeRefused {
        return membership.removeGuest(name);
    }

    @Override
    public String addPort(String port, Map<String, String> settings) {
        throw new IllegalArgumentException("port " + port + " " + settings + ": there is no such kind");
    }

    @Override
    public void setPort(String name, Map<String, String> settings) throws ChangeRefused {
        membership.changePort(name, port -> port);
    }

    @Override
    public void removePort(String name) throws ChangeRefused {
        membership.removePort(name);
    }
}
