// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.Fd;
import org.vhost4j.sys.LibC;

final class KernelProbeTest {
    private static final int ENOSYS = 38;
    private static final int EAFNOSUPPORT = 97;
    /** vhost-net with its bits, vhost-vsock, vhost-scsi, KVM, and four more. */
    private static final int EVERY = 5 + 2 + 3 + 16 + 4;

    /** The bits of vhost-net, each of which is asked for by itself. */
    private static final Set<HostCapability> BITS = EnumSet.of(
            HostCapability.VHOST_NET_MRG_RXBUF,
            HostCapability.VHOST_NET_RING_RESET,
            HostCapability.VHOST_NET_IN_ORDER,
            HostCapability.VHOST_NET_TUNNEL);

    /** The devices, each of which answers for its bits. */
    private static final Set<HostCapability> DEVICES = EnumSet.of(
            HostCapability.VHOST_NET, HostCapability.VHOST_VSOCK, HostCapability.VHOST_SCSI, HostCapability.KVM);

    private static boolean isBit(HostCapability capability) {
        boolean ofDevice =
                DEVICES.stream().anyMatch(device -> device.use() == capability.use() && device != capability);
        return ofDevice || capability == HostCapability.KVM_ARM_STEAL_TIME;
    }

    private static final FeatureSet LINUX_6_17 = FeatureSet.of(
            Feature.MRG_RXBUF,
            Feature.NOTIFY_ON_EMPTY,
            Feature.ANY_LAYOUT,
            Feature.INDIRECT_DESC,
            Feature.EVENT_IDX,
            Feature.VERSION_1,
            Feature.ACCESS_PLATFORM,
            Feature.RING_RESET,
            Feature.IN_ORDER,
            Feature.GUEST_UDP_TUNNEL_GSO,
            Feature.HOST_UDP_TUNNEL_GSO);

    private record FakeKernel(int vhost, FeatureSet features, int uffd, int xdp, int uring) implements HostKernel {
        @Override
        public int vhostNetFeatures(long[] word) {
            word[0] = features.low();
            word[1] = features.high();
            return vhost;
        }

        /** Bits 1 and 3: SEQPACKET of vhost-vsock, HOTPLUG and T10_PI of vhost-scsi. */
        @Override
        public int vhostFeatures(String device, long[] word) {
            word[0] = 0xa;
            return vhost;
        }

        /** Returns the features that Linux 6.18 reports. */
        @Override
        public int kvmFeatures(int[] registers) {
            registers[0] = vhost < 0 ? 0 : 0x1007efb;
            return vhost;
        }

        @Override
        public int kvmExtension(int capability) {
            return vhost < 0 ? vhost : 1;
        }

        @Override
        public int userfaultfd() {
            return uffd;
        }

        @Override
        public int xdpSocket() {
            return xdp;
        }

        @Override
        public int ioUringSetup() {
            return uring;
        }

        /** The kernel without capabilities has pages of another size. */
        @Override
        public int pageSize() {
            return uring == -ENOSYS ? 65536 : 4096;
        }
    }

    private static Map<HostCapability, Answer> ask(HostKernel kernel) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        new KernelProbe(kernel, answers).run();
        return answers;
    }

    @Test
    void kernelThatHasAllSaysSo() {
        Map<HostCapability, Answer> answers = ask(new FakeKernel(0, LINUX_6_17, 0, 0, -Errno.EINVAL));
        assertThat(answers)
                .hasSize(EVERY)
                .allSatisfy((capability, answer) -> assertThat(answer.verdict())
                        .as("%s", capability)
                        .isEqualTo(
                                capability == HostCapability.KVM_ARM_STEAL_TIME
                                        ? Answer.Verdict.UNKNOWN
                                        : Answer.Verdict.YES));
        assertThat(answers)
                .containsEntry(
                        HostCapability.KVM_ARM_STEAL_TIME,
                        Answer.unknown("KVM_CHECK_EXTENSION KVM_CAP_STEAL_TIME", "not asked: the processor is no ARM"))
                .containsEntry(
                        HostCapability.KVM_PV_IPI,
                        Answer.yes("KVM_GET_SUPPORTED_CPUID of /dev/kvm, 0x40000001 EAX bit 11", "0x1007efb"))
                .containsEntry(
                        HostCapability.VHOST_VSOCK_SEQPACKET,
                        Answer.yes("VHOST_GET_FEATURES of /dev/vhost-vsock, bit 1", "0xa"));
        assertThat(answers.get(HostCapability.VHOST_NET))
                .isEqualTo(Answer.yes("VHOST_GET_FEATURES of /dev/vhost-net", "0xa0000010b39008000"));
    }

    @Test
    void kernelThatHasNoneSaysNo() {
        Map<HostCapability, Answer> answers =
                ask(new FakeKernel(-Errno.ENOENT, FeatureSet.EMPTY, -ENOSYS, -EAFNOSUPPORT, -ENOSYS));
        assertThat(answers).hasSize(EVERY);
        answers.forEach((capability, answer) -> assertThat(answer.verdict())
                .as("%s", capability)
                .isEqualTo(isBit(capability) ? Answer.Verdict.UNKNOWN : Answer.Verdict.NO));
        assertThat(BITS)
                .allSatisfy(capability -> assertThat(answers)
                        .containsEntry(
                                capability, Answer.unknown(capability.question(), "not asked: no /dev/vhost-net")));
        assertThat(answers.get(HostCapability.AF_XDP)).isEqualTo(Answer.no("socket(AF_XDP)", "EAFNOSUPPORT"));
        assertThat(answers.get(HostCapability.PAGE_4K)).isEqualTo(Answer.no("sysconf(_SC_PAGESIZE)", "65536"));
    }

    @Test
    void missingRightIsNamedAndIsNoNo() {
        Map<HostCapability, Answer> answers =
                ask(new FakeKernel(-Errno.EACCES, FeatureSet.EMPTY, -Errno.EPERM, -Errno.EPERM, -Errno.EPERM));
        assertThat(answers.remove(HostCapability.PAGE_4K)).isEqualTo(Answer.yes("sysconf(_SC_PAGESIZE)", "4096"));
        assertThat(answers).hasSize(EVERY - 1).allSatisfy((capability, answer) -> {
            assertThat(answer.verdict()).isEqualTo(Answer.Verdict.UNKNOWN);
            if (capability != HostCapability.KVM_ARM_STEAL_TIME) {
                assertThat(answer.said()).startsWith("needs ");
            }
        });
        assertThat(ask(new FakeKernel(-Errno.EMFILE, FeatureSet.EMPTY, 0, 0, 0)))
                .containsEntry(
                        HostCapability.VHOST_NET, Answer.unknown("VHOST_GET_FEATURES of /dev/vhost-net", "EMFILE"));
    }

    @Test
    void everyBitOfVhostNetIsJudgedByItself() {
        Map<HostCapability, Answer> six2 =
                ask(new FakeKernel(0, FeatureSet.of(Feature.MRG_RXBUF, Feature.VERSION_1), 0, 0, -Errno.EINVAL));
        assertThat(six2.get(HostCapability.VHOST_NET_MRG_RXBUF))
                .isEqualTo(Answer.yes("VHOST_GET_FEATURES of /dev/vhost-net, bit 15", "0x100008000"));
        assertThat(six2.get(HostCapability.VHOST_NET_RING_RESET))
                .isEqualTo(Answer.no("VHOST_GET_FEATURES of /dev/vhost-net, bit 40", "0x100008000"));
        assertThat(six2)
                .containsEntry(
                        HostCapability.VHOST_NET_IN_ORDER,
                        Answer.no("VHOST_GET_FEATURES of /dev/vhost-net, bit 35", "0x100008000"));
        // One of the two tunnel bits is not enough.
        Map<HostCapability, Answer> half =
                ask(new FakeKernel(0, LINUX_6_17.minus(FeatureSet.of(Feature.HOST_UDP_TUNNEL_GSO)), 0, 0, 0));
        assertThat(half)
                .containsEntry(
                        HostCapability.VHOST_NET_TUNNEL,
                        Answer.no(HostCapability.VHOST_NET_TUNNEL.question(), "0x20000010b39008000"))
                .containsEntry(
                        HostCapability.VHOST_NET_IN_ORDER,
                        Answer.yes(HostCapability.VHOST_NET_IN_ORDER.question(), "0x20000010b39008000"));
    }

    /** A descriptor that is not vhost-net's is told from a vhost-net that lacks bits. */
    @Test
    void aPassedDescriptorIsAsked() {
        try (Fd notVhostNet = Fd.open("/dev/null", LibC.O_RDWR)) {
            HostCapabilities host = HostProbe.withVhostNet(HostCapabilities.NOT_PROBED, notVhostNet.number());
            assertThat(host.answer(HostCapability.VHOST_NET))
                    .isEqualTo(Answer.unknown("VHOST_GET_FEATURES of /dev/vhost-net", "ENOTTY"));
            assertThat(BITS)
                    .allSatisfy(capability ->
                            assertThat(host.answer(capability).said()).isEqualTo("ENOTTY"));
        }
    }
}
