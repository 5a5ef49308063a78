// SPDX-License-Identifier: Apache-2.0
/**
 * Probes the capabilities of the host. They are never derived from the kernel's version. Values are immutable and may be used by any
 * thread. {@link org.vhost4j.platform.probe.HostProbe} runs on the calling thread, before any lane starts.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.platform.probe;
