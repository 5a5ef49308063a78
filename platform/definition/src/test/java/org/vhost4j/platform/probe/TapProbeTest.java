// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Errno;

final class TapProbeTest {
    /** A kernel that does what drivers/net/tun.c does, with the parts that differ as fields. */
    private static final class FakeTun implements TunKernel {
        int opens;
        int flags = 0x7173;
        int creates;
        int knownOffloads = 0x1ff;
        int segmentLimit = 128;
        boolean takesUdpL4 = true;
        int largestHeader = 24;
        boolean checksUpFirst;
        final List<byte[]> frames = new ArrayList<>();

        @Override
        public int open() {
            return opens;
        }

        @Override
        public int features() {
            return flags;
        }

        @Override
        public int createTap() {
            return creates;
        }

        @Override
        public int setOffload(int mask) {
            boolean checksum = (mask & 1) != 0;
            int uso = mask & 0x60;
            boolean halfUso = uso != 0 && uso != 0x60;
            return checksum && !halfUso && (mask & ~knownOffloads) == 0 ? 0 : -Errno.EINVAL;
        }

        @Override
        public int setHeaderSize(int bytes) {
            return bytes <= largestHeader ? 0 : -Errno.EINVAL;
        }

        @Override
        public int write(byte[] frame) {
            frames.add(frame);
            if (checksUpFirst) {
                return -Errno.EIO;
            }
            int segments = (frame.length - 10 - 42) / 8;
            boolean good = takesUdpL4 && frame[1] == UdpSuperFrame.UDP_L4 && segments <= segmentLimit;
            return good ? -Errno.EIO : -Errno.EINVAL;
        }

        @Override
        public void close() {}
    }

    private static HostCapabilities probe(TunKernel tun) {
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        new TapProbe(tun, answers).run();
        return new HostCapabilities("fake", "", answers);
    }

    private static Set<String> with(HostCapabilities host, Answer.Verdict verdict) {
        return host.answers().entrySet().stream()
                .filter(entry -> entry.getValue().verdict() == verdict)
                .map(entry -> entry.getKey().id())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void newestKernelHasEverything() {
        HostCapabilities host = probe(new FakeTun());
        assertThat(host.answers().keySet())
                .allMatch(capability -> capability.use() == HostUse.TAP)
                .hasSize(14);
        assertThat(with(host, Answer.Verdict.YES)).hasSize(14);
        assertThat(host.udpSegmentLimit()).hasValue(128);
    }

    @Test
    void kernelWithoutUso() {
        FakeTun tun = new FakeTun();
        tun.knownOffloads = 0x1f;
        tun.takesUdpL4 = false;
        HostCapabilities host = probe(tun);
        assertThat(with(host, Answer.Verdict.NO))
                .containsExactly("tap-tunnel", "tap-tunnel-csum", "tap-udp-l4-128", "tap-uso", "tap-write-udp-l4");
        assertThat(host.answer(HostCapability.TAP_USO).inWords())
                .isEqualTo("missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)");
        assertThat(host.udpSegmentLimit()).isEmpty();
    }

    @Test
    void writePathAndReadPathAreAskedApart() {
        FakeTun tun = new FakeTun();
        tun.knownOffloads = 0x1f;
        tun.segmentLimit = 64;
        HostCapabilities host = probe(tun);
        assertThat(host.has(HostCapability.TAP_USO)).isFalse();
        assertThat(host.has(HostCapability.TAP_WRITE_UDP_L4)).isTrue();
        assertThat(host.answer(HostCapability.TAP_UDP_L4_128).verdict()).isEqualTo(Answer.Verdict.NO);
        assertThat(host.udpSegmentLimit()).hasValue(64);
    }

    @Test
    void withoutTheRightTheAnswerIsUnknown() {
        FakeTun tun = new FakeTun();
        tun.creates = -Errno.EPERM;
        HostCapabilities host = probe(tun);
        assertThat(with(host, Answer.Verdict.YES))
                .containsExactly("tap", "tap-multi-queue", "tap-no-carrier", "tap-vnet-hdr");
        assertThat(with(host, Answer.Verdict.NO)).isEmpty();
        assertThat(host.answer(HostCapability.TAP_USO).inWords())
                .isEqualTo("unknown (TUNSETOFFLOAD CSUM|USO4|USO6: needs CAP_NET_ADMIN)");
    }

    @Test
    void withoutTheDeviceThereIsNoTap() {
        FakeTun tun = new FakeTun();
        tun.opens = -Errno.ENOENT;
        HostCapabilities host = probe(tun);
        assertThat(host.answer(HostCapability.TAP)).isEqualTo(Answer.no("open /dev/net/tun", "ENOENT"));
        assertThat(with(host, Answer.Verdict.YES)).isEmpty();
        assertThat(with(host, Answer.Verdict.NO)).containsExactly("tap");
    }

    @Test
    void notBeingAllowedToOpenIsUnknown() {
        FakeTun tun = new FakeTun();
        tun.opens = -Errno.EACCES;
        HostCapabilities host = probe(tun);
        assertThat(with(host, Answer.Verdict.UNKNOWN)).hasSize(14);
        assertThat(host.answer(HostCapability.TAP).said()).contains("EACCES").contains("right");
    }

    @Test
    void kernelThatLooksAtTheInterfaceBeforeTheHeaderTellsNothing() {
        FakeTun tun = new FakeTun();
        tun.checksUpFirst = true;
        HostCapabilities host = probe(tun);
        assertThat(with(host, Answer.Verdict.UNKNOWN)).containsExactly("tap-udp-l4-128", "tap-write-udp-l4");
    }

    @Test
    void headerSizesAreTriedOneByOne() {
        FakeTun tun = new FakeTun();
        tun.largestHeader = 20;
        assertThat(probe(tun).answer(HostCapability.TAP_VNET_HDR_SIZE))
                .isEqualTo(Answer.no("TUNSETVNETHDRSZ 12, 20 and 24", "24 bytes: EINVAL"));
    }

    @Test
    void superFrameIsWellFormed() {
        byte[] frame = UdpSuperFrame.of(UdpSuperFrame.UDP_L4, 3);
        assertThat(frame).hasSize(10 + 14 + 20 + 8 + 24);
        assertThat(frame[1]).isEqualTo((byte) 5);
        assertThat(frame[10 + 12]).isEqualTo((byte) 8);
        assertThat(frame[10 + 14]).isEqualTo((byte) 0x45);
        assertThat(frame[10 + 14 + 3]).as("IPv4 total length").isEqualTo((byte) 52);
        assertThat(frame[10 + 34 + 5]).as("UDP length").isEqualTo((byte) 32);
    }
}
