// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/**
 * The layout of the guest memory of a {@link NetDriver}. All rings are in one region, all receive buffers are in one region, and all
 * transmit buffers are in one region: no ring and no buffer crosses the border of a region.
 *
 * @param bytes the size of each region in bytes, a multiple of the page size
 * @param apart whether rings, receive buffers and transmit buffers have three separate regions, with holes between them, instead of one
 *     region
 * @param hugePages whether the memory consists of huge pages of the host's default size, of which {@code bytes} must be a multiple
 */
public record RamSetup(long bytes, boolean apart, boolean hugePages) {
    /** One region of ordinary pages. Its 8 MiB are enough for one queue pair; each further pair needs as much. */
    public static final RamSetup ONE_REGION = new RamSetup(8 << 20, false, false);
    /** Three regions of ordinary pages, of 8 MiB each. */
    public static final RamSetup APART = new RamSetup(8 << 20, true, false);

    /**
     * Returns this layout with huge pages.
     *
     * @return a copy
     */
    public RamSetup huge() {
        return new RamSetup(bytes, apart, true);
    }

    /**
     * Returns this layout with regions of at least the given size.
     *
     * @param least the minimum size of each region in bytes
     * @return a copy
     */
    public RamSetup atLeast(long least) {
        return new RamSetup(Math.max(bytes, least), apart, hugePages);
    }
}
