// SPDX-License-Identifier: Apache-2.0
/**
 * Access to guest memory that is mapped into this process. {@link org.vhost4j.device.memory.GuestMemory} is immutable
 * except for a cache, and belongs to the lane that uses it. {@link org.vhost4j.device.memory.HostMemory} is the only
 * class that reads and writes absolute addresses; every address passed to it was checked by {@code GuestMemory}, or is
 * in this process's own memory.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.memory;
