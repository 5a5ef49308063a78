// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.time.Duration;
import java.util.Optional;

/**
 * A station: an entry of the bridge's forwarding database.
 *
 * @param mac the MAC address, 48 bits, first byte on the wire highest
 * @param vlan VLAN of the entry, 0 without VLANs
 * @param port name of the port behind which the station is
 * @param age time since the station last sent a frame; it may be too long by the interval between calls of {@link Backend#noteTime}. Empty
 *     when no frame was seen since the first call
 */
public record StationSnapshot(long mac, int vlan, String port, Optional<Duration> age) {}
