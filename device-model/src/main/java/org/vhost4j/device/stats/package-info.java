// SPDX-License-Identifier: Apache-2.0
/** Counters with a meaning each. Written by one lane; any thread may read, and may see a value that is a little old. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.stats;
