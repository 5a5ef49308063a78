// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.vhostuser.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.List;
import org.vhost4j.device.bridge.PortRules;

/**
 * Determines the MAC address of a guest: the one configured for its socket, or one derived from this host and the socket's path. The
 * derived address is the same after a restart, and different for each host and path. It is only a default: a guest that has migrated from
 * another host keeps its address.
 */
public final class GuestAddress {
    /** Files that identify the host; the content of the last one changes with each boot. */
    private static final List<Path> HOST_FILES = List.of(
            Path.of("/etc/machine-id"),
            Path.of("/var/lib/dbus/machine-id"),
            Path.of("/proc/sys/kernel/random/boot_id"));

    /** The "locally administered" bit of the first byte. The group bit is 0 (IEEE 802, section 8.2.2). */
    private static final long LOCAL = 1L << 41;

    private static final long GROUP = 1L << 40;
    private static final long ALL = (1L << 48) - 1;

    /** Random text of this process, for sockets without a path and hosts without an identity. */
    private static final String PROCESS = Long.toHexString(new SecureRandom().nextLong());

    private static final String HOST = host(HOST_FILES);

    private GuestAddress() {}

    /**
     * Returns the address that a guest has in the back-end's config space and in QEMU's arguments.
     *
     * @param endpoint socket of the guest
     * @param number number of the guest, from which the address is derived when the socket has no path
     * @return 48 bits with the first byte on the wire highest
     */
    public static long of(Endpoint endpoint, int number) {
        return endpoint.mac() == PortRules.NO_MAC ? derived(HOST, socket(endpoint, number)) : endpoint.mac();
    }

    /**
     * Returns the address that is derived for a socket of a host.
     *
     * @param host identity of the host; it cannot be recovered from the address
     * @param socket identity of the socket on the host
     */
    static long derived(String host, String socket) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
        // Names contain no zero byte, so two different pairs never result in the same bytes.
        digest.update(("vhost4j guest\0" + host + "\0" + socket).getBytes(StandardCharsets.UTF_8));
        byte[] hash = digest.digest();
        long address = 0;
        for (int i = 0; i < 6; i++) {
            address = (address << 8) | (hash[i] & 0xff);
        }
        return ((address & ALL) | LOCAL) & ~GROUP;
    }

    private static String socket(Endpoint endpoint, int number) {
        return endpoint.address()
                .map(path -> path.toAbsolutePath().normalize().toString())
                .orElse(PROCESS + " " + number);
    }

    /**
     * Returns the identity of the host: the content of the first usable file.
     *
     * @param files files in this order; container images have an empty one, or one with the text "uninitialized"
     */
    static String host(List<Path> files) {
        for (Path file : files) {
            try {
                String id = Files.readString(file).strip();
                if (id.matches("[0-9a-fA-F-]{32,36}")) {
                    return id;
                }
            } catch (IOException e) {
                // Try the next file.
            }
        }
        return PROCESS;
    }
}
