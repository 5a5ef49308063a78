// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Asks this host for every capability. A question for which this process lacks a privilege is answered with unknown and
 * the name of the privilege.
 */
public final class HostProbe {
    /** The answer to questions that only an administrator of the network may ask. */
    public static final String NEEDS_ADMIN = "needs CAP_NET_ADMIN";

    private HostProbe() {}

    /**
     * Returns whether questions could not be asked for lack of {@code CAP_NET_ADMIN} alone.
     *
     * @param host the answers
     * @return true when the same process could ask them in a network namespace of its own
     */
    public static boolean needsAdmin(HostCapabilities host) {
        return host.answer(HostCapability.TAP_CSUM).said().equals(NEEDS_ADMIN);
    }

    /**
     * Probes the host. Takes a few milliseconds; leaves no traces.
     *
     * @return the answers
     */
    public static HostCapabilities probe() {
        try (TunKernel tun = new LinuxTun()) {
            return probe(tun, new LinuxKernel());
        }
    }

    /**
     * Returns the same host with the answers of a vhost-net that another process opened: QEMU may get a descriptor of a
     * device that it may not open itself.
     *
     * @param host the host's answers
     * @param vhostNet a descriptor of {@code /dev/vhost-net}; it stays open and is not modified
     * @return the answers, with those of the descriptor about vhost-net
     */
    public static HostCapabilities withVhostNet(HostCapabilities host, int vhostNet) {
        return with(host, vhostNet, KernelProbe::askVhostNet);
    }

    /**
     * Returns the same host with the answers of a vhost-vsock that another process opened.
     *
     * @param host the host's answers
     * @param vhostVsock a descriptor of {@code /dev/vhost-vsock}; it stays open and is not modified
     * @return the host's answers, with those of the descriptor about vhost-vsock
     */
    public static HostCapabilities withVhostVsock(HostCapabilities host, int vhostVsock) {
        return with(host, vhostVsock, KernelProbe::askVhostVsock);
    }

    /**
     * Returns the same host with the answers of a vhost-scsi that another process opened.
     *
     * @param host the host's answers
     * @param vhostScsi a descriptor of {@code /dev/vhost-scsi}; it stays open and is not modified
     * @return the answers, with those of the descriptor about vhost-scsi
     */
    public static HostCapabilities withVhostScsi(HostCapabilities host, int vhostScsi) {
        return with(host, vhostScsi, KernelProbe::askVhostScsi);
    }

    private static HostCapabilities with(HostCapabilities host, int passed, Consumer<KernelProbe> question) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        answers.putAll(host.answers());
        question.accept(new KernelProbe(new LinuxKernel(OptionalInt.of(passed)), answers));
        return new HostCapabilities(host.host(), host.kernel(), answers);
    }

    /**
     * Asks through other calls than the host's.
     *
     * @param tun takes the calls on {@code /dev/net/tun}
     * @param kernel takes the other calls
     * @return the answers
     */
    static HostCapabilities probe(TunKernel tun, HostKernel kernel) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        new TapProbe(tun, answers).run();
        new KernelProbe(kernel, answers).run();
        return new HostCapabilities(kernelSays("hostname", "this host"), kernelSays("osrelease", ""), answers);
    }

    /**
     * Returns the kernel's build version as reported by uname; it includes a distribution's version, such as {@code
     * Debian 6.1.176-1}. For users only.
     *
     * @return one line; empty when it cannot be read
     */
    public static String kernelVersion() {
        return kernelSays("version", "");
    }

    private static String kernelSays(String name, String otherwise) {
        try {
            return Files.readString(Path.of("/proc/sys/kernel", name)).strip();
        } catch (IOException e) {
            return otherwise;
        }
    }
}
