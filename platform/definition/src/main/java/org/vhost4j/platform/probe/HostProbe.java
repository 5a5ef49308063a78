// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** Probes this host for every capability. If this process lacks a privilege for a probe, the result is unknown and names the privilege. */
public final class HostProbe {
    /** The reason in the results of probes that need CAP_NET_ADMIN. */
    public static final String NEEDS_ADMIN = "needs CAP_NET_ADMIN";

    private HostProbe() {}

    /**
     * Returns whether only {@code CAP_NET_ADMIN} was missing for some probes.
     *
     * @param host the results
     * @return true when the process could run these probes in a network namespace of its own
     */
    public static boolean needsAdmin(HostCapabilities host) {
        return host.answer(HostCapability.TAP_CSUM).said().equals(NEEDS_ADMIN);
    }

    /**
     * Probes the host. Takes a few milliseconds, and leaves nothing changed on the host.
     *
     * @return the results
     */
    public static HostCapabilities probe() {
        try (TunKernel tun = new LinuxTun()) {
            return probe(tun, new LinuxKernel());
        }
    }

    /**
     * Returns a host's results with those for vhost-net replaced by probing a descriptor that another process has opened. QEMU may be
     * passed a descriptor of a device that it has no permission to open.
     *
     * @param host the host's results
     * @param vhostNet a descriptor of {@code /dev/vhost-net}; it stays open and is not modified
     *
     * @return the results, with the descriptor's results for vhost-net
     */
    public static HostCapabilities withVhostNet(HostCapabilities host, int vhostNet) {
        return with(host, vhostNet, KernelProbe::askVhostNet);
    }

    /**
     * Returns a host's results with those for vhost-vsock replaced by probing a descriptor that another process has opened.
     *
     * @param host the host's results
     * @param vhostVsock a descriptor of {@code /dev/vhost-vsock}; it stays open and is not modified
     * @return the results, with the descriptor's results for vhost-vsock
     */
    public static HostCapabilities withVhostVsock(HostCapabilities host, int vhostVsock) {
        return with(host, vhostVsock, KernelProbe::askVhostVsock);
    }

    /**
     * Returns a host's results with those for vhost-scsi replaced by probing a descriptor that another process has opened.
     *
     * @param host the host's results
     * @param vhostScsi a descriptor of {@code /dev/vhost-scsi}; it stays open and is not modified
     * @return the results, with the descriptor's results for vhost-scsi
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
     * Probes the host with the given system calls.
     *
     * @param tun calls on {@code /dev/net/tun}
     * @param kernel the other calls
     * @return the results
     */
    static HostCapabilities probe(TunKernel tun, HostKernel kernel) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        new TapProbe(tun, answers).run();
        new KernelProbe(kernel, answers).run();
        return new HostCapabilities(kernelName("hostname", "this host"), kernelName("osrelease", ""), answers);
    }

    /**
     * Returns the kernel's build version as reported by uname(2), which includes a distribution's version such as {@code Debian 6.1.176-1}.
     * Only for messages, never for decisions.
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
