// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Duration;
import java.util.Optional;

/**
 * A station that the bridge knows: an entry of its forwarding database.
 *
 * @param mac the address, 48 bits, first byte highest
 * @param vlan the VLAN in which it is known, 0 without VLANs
 * @param port the name of the port that it is behind
 * @param age how long ago it was seen, too long by at most one interval of {@link Backend#noteTime}; empty when it was not
 *     seen since the first of these calls
 */
public record StationSnapshot(long mac, int vlan, String port, Optional<Duration> age) {}
