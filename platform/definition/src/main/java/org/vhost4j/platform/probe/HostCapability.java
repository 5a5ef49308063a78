// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.vhost4j.device.feature.Feature.CSUM;
import static org.vhost4j.device.feature.Feature.GUEST_CSUM;
import static org.vhost4j.device.feature.Feature.GUEST_ECN;
import static org.vhost4j.device.feature.Feature.GUEST_TSO4;
import static org.vhost4j.device.feature.Feature.GUEST_TSO6;
import static org.vhost4j.device.feature.Feature.GUEST_UDP_TUNNEL_GSO;
import static org.vhost4j.device.feature.Feature.GUEST_UDP_TUNNEL_GSO_CSUM;
import static org.vhost4j.device.feature.Feature.GUEST_UFO;
import static org.vhost4j.device.feature.Feature.GUEST_USO4;
import static org.vhost4j.device.feature.Feature.GUEST_USO6;
import static org.vhost4j.device.feature.Feature.HOST_ECN;
import static org.vhost4j.device.feature.Feature.HOST_TSO4;
import static org.vhost4j.device.feature.Feature.HOST_TSO6;
import static org.vhost4j.device.feature.Feature.HOST_UDP_TUNNEL_GSO;
import static org.vhost4j.device.feature.Feature.HOST_UDP_TUNNEL_GSO_CSUM;
import static org.vhost4j.device.feature.Feature.HOST_UFO;
import static org.vhost4j.device.feature.Feature.HOST_USO;
import static org.vhost4j.device.feature.Feature.IN_ORDER;
import static org.vhost4j.device.feature.Feature.MQ;
import static org.vhost4j.device.feature.Feature.MRG_RXBUF;
import static org.vhost4j.device.feature.Feature.RING_RESET;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;

/**
 * A capability of a host that a platform may require. Each has the system call that probes it, the use of the kernel for which it is
 * relevant, the guest-visible features that depend on it, and, if possible, a replacement in software.
 *
 * <p>{@code TUNSETOFFLOAD} only covers offloads of frames that a TAP delivers to the guest ({@code GUEST_*}); offloads that the TAP accepts
 * from the guest ({@code HOST_*}) are probed by writing frames to it. Some kernels support only one direction.
 */
public enum HostCapability {
    /** TAP interfaces can be opened. */
    TAP("tap", HostUse.TAP, "open /dev/net/tun", false, EnumSet.noneOf(Feature.class), null),
    /** A TAP supports a virtio-net header before each frame. */
    TAP_VNET_HDR(
            "tap-vnet-hdr",
            HostUse.TAP,
            "TUNGETFEATURES has IFF_VNET_HDR",
            false,
            EnumSet.of(CSUM, GUEST_CSUM, HOST_TSO4, HOST_TSO6, GUEST_TSO4, GUEST_TSO6),
            null),
    /** A TAP can have several queues. */
    TAP_MULTI_QUEUE(
            "tap-multi-queue",
            HostUse.TAP,
            "TUNGETFEATURES has IFF_MULTI_QUEUE",
            false,
            EnumSet.of(MQ),
            "the frames of all queue pairs go through one queue of the TAP"),
    /** A TAP can be created without carrier (IFF_NO_CARRIER). */
    TAP_NO_CARRIER(
            "tap-no-carrier",
            HostUse.TAP,
            "TUNGETFEATURES has IFF_NO_CARRIER",
            false,
            EnumSet.noneOf(Feature.class),
            "the link is set down after the interface was created"),
    /** A TAP accepts and delivers partial checksums. */
    TAP_CSUM(
            "tap-csum",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM",
            true,
            EnumSet.of(CSUM, GUEST_CSUM),
            "checksums are completed by the back-end"),
    /** A TAP accepts TCP super-frames from the back-end and delivers them to it. */
    TAP_TSO(
            "tap-tso",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|TSO4|TSO6",
            true,
            EnumSet.of(HOST_TSO4, HOST_TSO6, GUEST_TSO4, GUEST_TSO6),
            "TCP super-frames are segmented by the back-end"),
    /** A TAP accepts TCP super-frames of all lengths, as TUNSETOFFLOAD reports. */
    TAP_WRITE_TSO(
            "tap-write-tso",
            HostUse.TAP,
            "write of TCPV4 super-frames",
            true,
            EnumSet.of(HOST_TSO4, HOST_TSO6),
            "TCP super-frames are segmented by the back-end"),
    /** A TAP accepts and delivers TCP super-frames with ECN. */
    TAP_ECN(
            "tap-ecn",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|TSO4|TSO6|TSO_ECN",
            true,
            EnumSet.of(HOST_ECN, GUEST_ECN),
            "TCP super-frames with ECN are segmented by the back-end"),
    /** A TAP accepts and delivers UDP super-frames that are to be sent as IP fragments (UFO). */
    TAP_UFO(
            "tap-ufo",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|UFO",
            true,
            EnumSet.of(HOST_UFO, GUEST_UFO),
            "UDP super-frames are cut into fragments by the back-end"),
    /** A TAP delivers UDP super-frames (USO) to the guest. */
    TAP_USO(
            "tap-uso",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|USO4|USO6",
            true,
            EnumSet.of(GUEST_USO4, GUEST_USO6),
            "the host sends single datagrams, which the guest takes as well"),
    /** A TAP accepts UDP super-frames (USO) from the guest. */
    TAP_WRITE_UDP_L4(
            "tap-write-udp-l4",
            HostUse.TAP,
            "write of a UDP_L4 super-frame",
            true,
            EnumSet.of(HOST_USO),
            "UDP super-frames are segmented by the back-end"),
    /** A TAP accepts UDP super-frames of 128 segments. */
    TAP_UDP_L4_128(
            "tap-udp-l4-128",
            HostUse.TAP,
            "write of a UDP_L4 super-frame of 128 segments",
            false,
            EnumSet.of(HOST_USO),
            "longer UDP super-frames are segmented by the back-end"),
    /** A TAP accepts and delivers super-frames inside a UDP tunnel. */
    TAP_TUNNEL(
            "tap-tunnel",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|TSO4|TSO6|USO4|USO6|UDP_TUNNEL_GSO",
            true,
            EnumSet.of(HOST_UDP_TUNNEL_GSO, GUEST_UDP_TUNNEL_GSO),
            "vhost-user carries no bit above 63, so no guest is promised it and nothing has to be done"),
    /** A TAP accepts and delivers super-frames inside a UDP tunnel with a partial outer checksum. */
    TAP_TUNNEL_CSUM(
            "tap-tunnel-csum",
            HostUse.TAP,
            "TUNSETOFFLOAD CSUM|TSO4|TSO6|USO4|USO6|UDP_TUNNEL_GSO|UDP_TUNNEL_GSO_CSUM",
            true,
            EnumSet.of(HOST_UDP_TUNNEL_GSO_CSUM, GUEST_UDP_TUNNEL_GSO_CSUM),
            "vhost-user carries no bit above 63, so no guest is promised it and nothing has to be done"),
    /** The virtio-net header of a TAP can have 12 bytes (mergeable buffers), 20 (hash) and 24 (tunnel). */
    TAP_VNET_HDR_SIZE(
            "tap-vnet-hdr-size",
            HostUse.TAP,
            "TUNSETVNETHDRSZ 12, 20 and 24",
            false,
            EnumSet.noneOf(Feature.class),
            "headers are converted by the back-end"),
    /** The kernel has vhost-net. */
    VHOST_NET(
            "vhost-net",
            HostUse.VHOST_NET,
            "VHOST_GET_FEATURES of /dev/vhost-net",
            false,
            EnumSet.noneOf(Feature.class),
            "this back-end takes its place"),
    /** The kernel's vhost-net supports MRG_RXBUF: a received frame may use several buffers. */
    VHOST_NET_MRG_RXBUF(
            "vhost-net-mrg-rxbuf",
            HostUse.VHOST_NET,
            "VHOST_GET_FEATURES of /dev/vhost-net, bit 15",
            true,
            EnumSet.of(MRG_RXBUF),
            null),
    /** The kernel's vhost-net supports RING_RESET: a driver can reset one queue. */
    VHOST_NET_RING_RESET(
            "vhost-net-ring-reset",
            HostUse.VHOST_NET,
            "VHOST_GET_FEATURES of /dev/vhost-net, bit 40",
            true,
            EnumSet.of(RING_RESET),
            null),
    /** The kernel's vhost-net supports IN_ORDER: it uses buffers in the order in which the driver made them available. */
    VHOST_NET_IN_ORDER(
            "vhost-net-in-order",
            HostUse.VHOST_NET,
            "VHOST_GET_FEATURES of /dev/vhost-net, bit 35",
            true,
            EnumSet.of(IN_ORDER),
            null),
    /** The kernel's vhost-net supports super-frames inside a UDP tunnel. The checksum bits for tunnels concern only QEMU and the TAP. */
    VHOST_NET_TUNNEL(
            "vhost-net-tunnel",
            HostUse.VHOST_NET,
            "VHOST_GET_FEATURES_ARRAY of /dev/vhost-net, bits 65 and 67",
            true,
            EnumSet.of(HOST_UDP_TUNNEL_GSO, GUEST_UDP_TUNNEL_GSO),
            null),
    /** The kernel has KVM. */
    KVM("kvm", HostUse.KVM, "KVM_GET_SUPPORTED_CPUID of /dev/kvm", false, EnumSet.noneOf(Feature.class), null),
    /** KVM offers kvmclock: guests read the time from memory that the host updates. */
    KVM_CLOCK(
            "kvm-clock",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bits 0 and 3",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests need no delay after an access to an I/O port. */
    KVM_NOPIODELAY(
            "kvm-nopiodelay",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 1",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests are notified when they access a page that the host has not fetched yet (asynchronous page faults). */
    KVM_ASYNCPF(
            "kvm-asyncpf",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 4",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests see the time for which their virtual CPUs waited for a processor (steal time). */
    KVM_STEAL_TIME(
            "kvm-steal-time",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 5",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests signal the end of an interrupt (EOI) without a VM exit. */
    KVM_PV_EOI(
            "kvm-pv-eoi",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 6",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests wake a virtual CPU that waits for a spinlock. */
    KVM_PV_UNHALT(
            "kvm-pv-unhalt",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 7",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests can ask the host to flush the TLB of a virtual CPU that is not running. */
    KVM_PV_TLB_FLUSH(
            "kvm-pv-tlb-flush",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 9",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Nested hypervisors are notified of an asynchronous page fault by a VM exit. */
    KVM_ASYNCPF_VMEXIT(
            "kvm-asyncpf-vmexit",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 10",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests send an IPI to many virtual CPUs with one hypercall. */
    KVM_PV_IPI(
            "kvm-pv-ipi",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 11",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests control whether the host polls when a virtual CPU halts. */
    KVM_POLL_CONTROL(
            "kvm-poll-control",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 12",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests yield to a virtual CPU that was preempted. */
    KVM_PV_SCHED_YIELD(
            "kvm-pv-sched-yield",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 13",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** Guests are notified by an interrupt that the page of an asynchronous page fault has arrived. */
    KVM_ASYNCPF_INT(
            "kvm-asyncpf-int",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 14",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** kvmclock returns the same time on all virtual CPUs of a guest. */
    KVM_CLOCK_STABLE(
            "kvm-clock-stable",
            HostUse.KVM,
            "KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 24",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** KVM supports system management mode (SMM). */
    KVM_SMM("kvm-smm", HostUse.KVM, "KVM_CHECK_EXTENSION KVM_CAP_X86_SMM", false, EnumSet.noneOf(Feature.class), null),
    /** Guests on ARM see the time for which their virtual CPUs waited for a processor (steal time). */
    KVM_ARM_STEAL_TIME(
            "kvm-arm-steal-time",
            HostUse.KVM_ARM,
            "KVM_CHECK_EXTENSION KVM_CAP_STEAL_TIME",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** The kernel has vhost-vsock. */
    VHOST_VSOCK(
            "vhost-vsock",
            HostUse.VHOST_VSOCK,
            "VHOST_GET_FEATURES of /dev/vhost-vsock",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** vhost-vsock supports SOCK_SEQPACKET, which preserves message boundaries. */
    VHOST_VSOCK_SEQPACKET(
            "vhost-vsock-seqpacket",
            HostUse.VHOST_VSOCK,
            "VHOST_GET_FEATURES of /dev/vhost-vsock, bit 1",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** The kernel has vhost-scsi. */
    VHOST_SCSI(
            "vhost-scsi",
            HostUse.VHOST_SCSI,
            "VHOST_GET_FEATURES of /dev/vhost-scsi",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** vhost-scsi notifies guests when disks are plugged and unplugged. */
    VHOST_SCSI_HOTPLUG(
            "vhost-scsi-hotplug",
            HostUse.VHOST_SCSI,
            "VHOST_GET_FEATURES of /dev/vhost-scsi, bit 1",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** vhost-scsi supports the protection information of a disk's data (T10 PI). */
    VHOST_SCSI_T10_PI(
            "vhost-scsi-t10-pi",
            HostUse.VHOST_SCSI,
            "VHOST_GET_FEATURES of /dev/vhost-scsi, bit 3",
            false,
            EnumSet.noneOf(Feature.class),
            null),
    /** The host's page size is 4 KiB, as on every x86 processor. An ARM kernel is built for pages of 4, 16 or 64 KiB. */
    PAGE_4K("page-4k", HostUse.VIRTIO_IOMMU, "sysconf(_SC_PAGESIZE)", false, EnumSet.noneOf(Feature.class), null),
    /** The back-end can handle page faults of guest memory (userfaultfd). */
    USERFAULTFD("userfaultfd", HostUse.POSTCOPY, "userfaultfd(2)", false, EnumSet.noneOf(Feature.class), null),
    /** The kernel supports AF_XDP sockets, with which frames bypass the host's network stack. */
    AF_XDP("af-xdp", HostUse.AF_XDP, "socket(AF_XDP)", false, EnumSet.noneOf(Feature.class), null),
    /** The kernel supports io_uring. */
    IO_URING(
            "io-uring",
            HostUse.IO_URING,
            "io_uring_setup(2)",
            false,
            EnumSet.noneOf(Feature.class),
            "input and output are done call by call");

    private final String id;
    private final HostUse use;
    private final String question;
    private final boolean essential;
    /** Unmodifiable after construction, which ErrorProne cannot detect. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final Set<Feature> features;

    private final @Nullable String softwareFallback;

    HostCapability(
            String id,
            HostUse use,
            String question,
            boolean essential,
            EnumSet<Feature> features,
            @Nullable String softwareFallback) {
        this.id = id;
        this.use = use;
        this.question = question;
        this.essential = essential;
        this.features = Collections.unmodifiableSet(features);
        this.softwareFallback = softwareFallback;
    }

    /**
     * Returns the name that definitions, probe files and messages use.
     *
     * @return the name in lower case with hyphens
     */
    public String id() {
        return id;
    }

    /**
     * Returns the use of the kernel for which this capability is relevant.
     *
     * @return the use
     */
    public HostUse use() {
        return use;
    }

    /**
     * Returns the call that probes the capability.
     *
     * @return the call, in a few words
     */
    public String question() {
        return question;
    }

    /**
     * Returns the guest-visible features that depend on this capability.
     *
     * @return the features; empty when no guest sees a difference
     */
    public Set<Feature> features() {
        return features;
    }

    /**
     * Returns whether a guest can see that the host lacks this capability. This is not the case if no feature depends on it and software
     * replaces it.
     *
     * @return false when a guest can start without it
     */
    public boolean isVisible() {
        return !features.isEmpty() || softwareFallback == null;
    }

    /**
     * Returns whether every one of {@link #features()} requires this capability. A capability that is not essential only
     * limits a feature, and is checked only when a platform requires it.
     *
     * @return true when a promise of one of the features requires this capability
     */
    public boolean essential() {
        return essential;
    }

    /**
     * Returns how the back-end's software replaces the capability.
     *
     * @return one clause; empty when software cannot replace it
     */
    public Optional<String> softwareFallback() {
        return Optional.ofNullable(softwareFallback);
    }

    /**
     * Returns the capability with a name.
     *
     * @param id name as returned by {@link #id()}
     * @return the capability; empty when none has that name
     */
    public static Optional<HostCapability> ofId(String id) {
        for (HostCapability capability : values()) {
            if (capability.id.equals(id)) {
                return Optional.of(capability);
            }
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return id;
    }
}
