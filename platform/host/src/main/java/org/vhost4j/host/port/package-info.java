// SPDX-License-Identifier: Apache-2.0
/** The common parts of ports with a network behind them. Each object belongs to one port, and is used by its lane. */
@NullMarked
package org.vhost4j.host.port;

import org.jspecify.annotations.NullMarked;
