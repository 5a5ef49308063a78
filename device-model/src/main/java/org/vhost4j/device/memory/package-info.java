// SPDX-License-Identifier: Apache-2.0
/**
 * Guest memory as this process sees it. {@link org.vhost4j.device.memory.GuestMemory} is immutable except for a hint and belongs
 * to the lane that uses it; {@link org.vhost4j.device.memory.HostMemory} is the one place that reads and writes absolute
 * addresses, and every address that reaches it was checked by {@code GuestMemory} or is memory of our own.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.memory;
