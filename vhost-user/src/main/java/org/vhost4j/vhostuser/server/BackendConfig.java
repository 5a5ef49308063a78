// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.util.List;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.run.IdlePolicy;

/**
 * What a back-end is started with.
 *
 * @param endpoints one for each guest
 * @param offered the features on offer, as the platform's resolution has them
 * @param queuePairs queue pairs of each guest, 1 to 127
 * @param mtu what the config space says, 68 to 65535, or 0 for nothing
 * @param switching what happens to the guests' frames
 * @param idle when the lane sleeps
 */
public record BackendConfig(
        List<Endpoint> endpoints, FeatureSet offered, int queuePairs, int mtu, Switching switching, IdlePolicy idle) {
    /** Copies the list. */
    public BackendConfig {
        endpoints = List.copyOf(endpoints);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("a back-end needs a socket");
        }
    }
}
