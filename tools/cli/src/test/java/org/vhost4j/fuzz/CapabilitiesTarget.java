// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;

/** A file of {@code --host-capabilities}, which another host has written. */
final class CapabilitiesTarget implements FuzzTarget {
    @Override
    public String name() {
        return "capabilities";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                HostCapabilitiesJson.write(HostCapabilities.NOT_PROBED).getBytes(StandardCharsets.UTF_8),
                "{\"vhost4j-host-capabilities\": 1, \"host\": 7, \"capabilities\": {\"x\": 1}}"
                        .getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void run(byte[] bytes) throws IOException {
        HostCapabilities read;
        try {
            read = HostCapabilitiesJson.parse(new String(bytes, StandardCharsets.UTF_8), "FILE");
        } catch (IOException e) {
            FuzzTarget.requireLine(e.getMessage());
            return;
        }
        String text = HostCapabilitiesJson.write(read);
        FuzzTarget.require(
                HostCapabilitiesJson.parse(text, "FILE").equals(read), "written and read again it is another: " + text);
    }
}
