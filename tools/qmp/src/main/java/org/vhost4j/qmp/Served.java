// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.qmp;

import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.PlatformCatalog;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.qmp.rates.PortHistory;
import org.vhost4j.vhostuser.server.Backend;
import org.vhost4j.vhostuser.server.BackendConfig;

/**
 * The objects that clients of the monitor query and change.
 *
 * @param backend the running back-end
 * @param config the configuration that it was started with
 * @param resolution the resolved features that guests are promised
 * @param abi the properties of the devices that guests see
 * @param catalog the catalog of machines and platforms
 * @param host the capabilities of this host
 * @param rates the rates of ports
 * @param changes adds, changes and removes guests and ports
 */
public record Served(
        Backend backend,
        BackendConfig config,
        Resolution resolution,
        GuestAbi abi,
        PlatformCatalog catalog,
        HostCapabilities host,
        PortHistory rates,
        Changes changes) {}
