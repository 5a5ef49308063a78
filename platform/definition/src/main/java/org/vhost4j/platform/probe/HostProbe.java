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
 * Probes this host for every capability. If this process lacks a privilege for a probe, the answer is unknown with the
 * name of the privilege.
 */
public final class HostProbe {
    /** The answer to probes that need CAP_NET_ADMIN. */
    public static final String NEEDS_ADMIN = "needs CAP_NET_ADMIN";

    private HostProbe() {}

    /**
     * Returns whether only {@code CAP_NET_ADMIN} was missing for some probes.
     *
     * @param host the answers
     * @return true when the same process could probe in its own network namespace
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
     *
     * @return the answers, with the descriptor's answers about vhost-net
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
     * Probes through the given calls.
     *
     * @param tun calls on {@code /dev/net/tun}
     * @param kernel the other calls
     * @return the answers
     */
    static HostCapabilities probe(TunKernel tun, HostKernel kernel) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        new TapProbe(tun, answers).run();
        new KernelProbe(kernel, answers).run();
        return new HostCapabilities(kernelName("hostname", "this host"), kernelName("osrelease", ""), answers);
    }

    /**
     * Returns the kernel's build version as reported by uname; it includes a distribution's version, such as {@code
     * Debian 6.1.176-1}. For users only.
     *
     * @return one line; empty when it cannot be read
     */
    public static String kernelVersion() {
        return kernelName("version", "");
    }

    private static String kernelName(String name, String otherwise) {
        try {
            return Files.readString(Path.of("/proc/sys/kernel", name)).strip();
        } catch (IOException e) {
            return otherwise;
        }
    }
}
