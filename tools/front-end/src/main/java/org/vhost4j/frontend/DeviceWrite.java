// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/**
 * A range of guest memory that the device has written, as far as the driver can determine.
 *
 * @param address the guest-physical address of the first byte
 * @param bytes the number of bytes, at least 1
 */
public record DeviceWrite(long address, long bytes) {}
