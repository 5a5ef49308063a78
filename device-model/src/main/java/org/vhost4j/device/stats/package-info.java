// SPDX-License-Identifier: Apache-2.0
/**
 * Counters of devices and ports, and the reasons for dropped frames. One lane writes an object's counters; any thread
 * may read them, and the values may be slightly out of date.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.stats;
