// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.frontend;

/**
 * Which guest memory a {@link NetDriver} lays out. Its rings are in one region; so are the receive buffers, and the transmit
 * buffers: no ring and no buffer crosses from one region into another.
 *
 * @param bytes size of each region, a multiple of the page size
 * @param apart whether rings, receive buffers and transmit buffers have a region each, with holes between them, instead of
 *     one for all
 * @param hugePages whether the memory consists of huge pages of the host's usual size, of which {@code bytes} has to be a multiple
 */
public record RamSetup(long bytes, boolean apart, boolean hugePages) {
    /** One region of ordinary pages: 8 MiB for each queue pair are enough. */
    public static final RamSetup ONE_REGION = new RamSetup(8 << 20, false, false);
    /** Three regions of ordinary pages. */
    public static final RamSetup APART = new RamSetup(8 << 20, true, false);

    /**
     * The same of huge pages.
     *
     * @return a copy
     */
    public RamSetup huge() {
        return new RamSetup(bytes, apart, true);
    }

    /**
     * The same with larger regions, unless they are large enough.
     *
     * @param least bytes of each
     * @return a copy
     */
    public RamSetup atLeast(long least) {
        return new RamSetup(Math.max(bytes, least), apart, hugePages);
    }
}
