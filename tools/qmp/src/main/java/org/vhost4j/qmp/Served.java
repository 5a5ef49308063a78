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
 * What clients ask about.
 *
 * @param backend the running back-end
 * @param config what it was started with
 * @param resolution what guests are promised
 * @param abi what guests see
 * @param catalog every machine and platform
 * @param host this host's probe
 * @param rates what ports do in a second
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
