// SPDX-License-Identifier: Apache-2.0
/** Common parts of the ports to other networks. Each object belongs to one port, and is used by its lane. */
@NullMarked
package org.vhost4j.host.port;

import org.jspecify.annotations.NullMarked;
