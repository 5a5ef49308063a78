// SPDX-License-Identifier: Apache-2.0
/** What the host is and gives: definitions of machines and platforms, probes, system calls, event loops, ports. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform;
