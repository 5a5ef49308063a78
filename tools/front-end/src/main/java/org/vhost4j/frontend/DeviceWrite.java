// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/**
 * A piece of guest memory that the device has written, as far as the driver can see.
 *
 * @param address guest-physical
 * @param bytes how many, at least 1
 */
public record DeviceWrite(long address, long bytes) {}
