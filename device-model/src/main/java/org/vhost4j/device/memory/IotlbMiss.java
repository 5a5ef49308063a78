// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.memory;

/**
 * Thrown when an address behind an IOMMU has no translation yet. No chain was popped: the catcher requests the
 * translation from the front-end and retries when it has arrived. The exception has no stack trace, because misses are
 * frequent with small mappings.
 */
public final class IotlbMiss extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long address;
    private final boolean write;

    /**
     * Creates an exception for one address.
     *
     * @param address the I/O virtual address
     * @param write whether the access is a write
     */
    public IotlbMiss(long address, boolean write) {
        super(null, null, false, false);
        this.address = address;
        this.write = write;
    }

    @Override
    public String getMessage() {
        return "no translation of I/O virtual address 0x" + Long.toHexString(address);
    }

    /**
     * Returns the address that could not be translated.
     *
     * @return the I/O virtual address
     */
    public long address() {
        return address;
    }

    /**
     * Returns whether the access is a write.
     *
     * @return true to write, false to read
     */
    public boolean write() {
        return write;
    }
}
