// SPDX-License-Identifier: Apache-2.0
/** Devices with drivers in the same process and no front-end, for benchmarks. Each thread runs both sides of its queues. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.benchmarks.loopback;
