// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.guests.qemu;

import java.util.List;
import java.util.Set;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.vhostuser.wire.ProtocolFeature;

/**
 * The messages that a back-end received from one front-end.
 *
 * @param requests names of all requests in order
 * @param features value of the last SET_FEATURES; none when there was none
 * @param protocol value of the last SET_PROTOCOL_FEATURES, as far as the specification defines its bits
 */
record Recording(List<String> requests, FeatureSet features, Set<ProtocolFeature> protocol) {
    Recording {
        requests = List.copyOf(requests);
        protocol = Set.copyOf(protocol);
    }
}
