// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Duration;
import java.util.Optional;

/**
 * A station that the bridge knows: an entry of its forwarding database.
 *
 * @param mac the address, 48 bits, first byte highest
 * @param vlan VLAN in which it is known, 0 without VLANs
 * @param port name of the port behind which it is
 * @param age time since it was last seen, too long by at most the interval between calls of
 *     {@link Backend#noteTime}; empty when it
 *     was not seen since the first of these calls
 */
public record StationSnapshot(long mac, int vlan, String port, Optional<Duration> age) {}
