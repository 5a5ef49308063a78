// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.host.tap;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;
import org.vhost4j.sys.UnixAddress;

/**
 * The kind of a network interface, determined by the driver name that ethtool reports. It is needed for error messages, because TUNSETIFF
 * returns the same error for every interface to which it cannot attach.
 */
enum InterfaceKind {
    /** There is no interface of that name. */
    NONE,
    /** A TAP. */
    TAP,
    /** Any other interface. */
    OTHER;

    private static final long SIOCETHTOOL = 0x8946L;
    private static final int ETHTOOL_GDRVINFO = 3;

    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_DATA = 16;

    /** Size of {@code struct ethtool_drvinfo} in bytes: a command, five strings of 32 bytes, and fields that are not read. */
    private static final int DRVINFO_BYTES = 196;

    private static final int DRIVER = 4;
    private static final int BUS = 100;

    /**
     * Returns the kind of an interface, read from the kernel.
     *
     * @param name name of the interface, 1 to 15 bytes
     */
    static InterfaceKind of(String name) {
        try (Arena arena = Arena.ofConfined();
                Fd socket = UnixAddress.socket()) {
            MemorySegment driver = arena.allocate(DRVINFO_BYTES, Integer.BYTES);
            driver.set(ValueLayout.JAVA_INT, 0, ETHTOOL_GDRVINFO);
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
            request.set(ValueLayout.JAVA_LONG, IFREQ_DATA, driver.address());
            int result = LibC.ioctl(socket.number(), SIOCETHTOOL, request.address());
            if (result == -Errno.ENODEV) {
                return NONE;
            }
            boolean tap = result == 0
                    && driver.getString(DRIVER, StandardCharsets.UTF_8).equals("tun")
                    && driver.getString(BUS, StandardCharsets.UTF_8).equals("tap");
            return tap ? TAP : OTHER;
        }
    }
}
