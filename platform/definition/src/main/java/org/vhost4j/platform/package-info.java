// SPDX-License-Identifier: Apache-2.0
/** Machines, platforms, and what the host supports of them. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform;
