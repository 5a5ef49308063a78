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

    /** The bits of vhost-net, each of which is asked for by itself. */
    private static final Set<HostCapability> BITS = EnumSet.of(
            HostCapability.VHOST_NET_MRG_RXBUF,
            HostCapability.VHOST_NET_RING_RESET,
            HostCapability.VHOST_NET_IN_ORDER,
            HostCapability.VHOST_NET_TUNNEL);

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
                .hasSize(8)
                .allSatisfy((capability, answer) -> assertThat(answer.isYes()).isTrue());
        assertThat(answers.get(HostCapability.VHOST_NET))
                .isEqualTo(Answer.yes("VHOST_GET_FEATURES of /dev/vhost-net", "0xa0000010b39008000"));
    }

    @Test
    void kernelThatHasNoneSaysNo() {
        Map<HostCapability, Answer> answers =
                ask(new FakeKernel(-Errno.ENOENT, FeatureSet.EMPTY, -ENOSYS, -EAFNOSUPPORT, -ENOSYS));
        assertThat(answers).hasSize(8);
        answers.forEach((capability, answer) -> assertThat(answer.verdict())
                .as("%s", capability)
                .isEqualTo(BITS.contains(capability) ? Answer.Verdict.UNKNOWN : Answer.Verdict.NO));
        assertThat(BITS)
                .allSatisfy(capability -> assertThat(answers)
                        .containsEntry(
                                capability, Answer.unknown(capability.question(), "not asked: no /dev/vhost-net")));
        assertThat(answers.get(HostCapability.AF_XDP)).isEqualTo(Answer.no("socket(AF_XDP)", "EAFNOSUPPORT"));
    }

    @Test
    void missingRightIsNamedAndIsNoNo() {
        Map<HostCapability, Answer> answers =
                ask(new FakeKernel(-Errno.EACCES, FeatureSet.EMPTY, -Errno.EPERM, -Errno.EPERM, -Errno.EPERM));
        assertThat(answers).hasSize(8).allSatisfy((capability, answer) -> {
            assertThat(answer.verdict()).isEqualTo(Answer.Verdict.UNKNOWN);
            assertThat(answer.said()).startsWith("needs ");
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
            HostCapabilities host = HostProbe.withVhostNet(HostCapabilities.NOTHING_ASKED, notVhostNet.number());
            assertThat(host.answer(HostCapability.VHOST_NET))
                    .isEqualTo(Answer.unknown("VHOST_GET_FEATURES of /dev/vhost-net", "ENOTTY"));
            assertThat(BITS)
                    .allSatisfy(capability ->
                            assertThat(host.answer(capability).said()).isEqualTo("ENOTTY"));
        }
    }
}
