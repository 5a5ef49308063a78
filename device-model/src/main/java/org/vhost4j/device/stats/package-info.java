// SPDX-License-Identifier: Apache-2.0
/**
 * Counters of devices and ports, and the reasons for dropped frames. Written by one lane; any thread may read them, and
 * may see a slightly old value.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.stats;
