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
    /**
     * A fake kernel that behaves like drivers/net/tun.c; the behaviour that differs between versions is configured by
     * fields.
     */
    private static final class FakeTun implements TunKernel {
        int opens;
        int flags = 0x7173;
        int creates;
        int knownOffloads = 0x1ff;
        int segmentLimit = 128;
        boolean takesUdpL4 = true;
        int largestHeader = 24;
        boolean checksUpFirst;
        boolean breaksTcp;
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
            if (frame[1] == SuperFrame.TCPV4) {
                // Like Linux 6.6.44, where the frame beyond its whole segments has to be longer than its headers.
                int beyond = (frame.length - 10) % 1448;
                return breaksTcp && beyond != 0 && beyond <= 54 ? -Errno.EINVAL : -Errno.EIO;
            }
            int segments = (frame.length - 10 - 42) / 8;
            boolean good = takesUdpL4 && frame[1] == SuperFrame.UDP_L4 && segments <= segmentLimit;
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
                .hasSize(15);
        assertThat(with(host, Answer.Verdict.YES)).hasSize(15);
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
        assertThat(with(host, Answer.Verdict.UNKNOWN)).hasSize(15);
        assertThat(host.answer(HostCapability.TAP).said()).contains("EACCES").contains("right");
    }

    @Test
    void kernelThatLooksAtTheInterfaceBeforeTheHeaderTellsNothing() {
        FakeTun tun = new FakeTun();
        tun.checksUpFirst = true;
        HostCapabilities host = probe(tun);
        assertThat(with(host, Answer.Verdict.UNKNOWN)).containsExactly("tap-udp-l4-128", "tap-write-udp-l4");
        assertThat(host.answer(HostCapability.TAP_WRITE_TSO))
                .isEqualTo(Answer.yes(HostCapability.TAP_TSO.question(), "ok"));
    }

    @Test
    void kernelThatRefusesTheTcpSuperFramesItPromisedIsFoundByAWrite() {
        FakeTun tun = new FakeTun();
        tun.breaksTcp = true;
        HostCapabilities host = probe(tun);
        assertThat(host.has(HostCapability.TAP_TSO)).isTrue();
        assertThat(host.answer(HostCapability.TAP_WRITE_TSO))
                .isEqualTo(Answer.no("write of TCPV4 super-frames", "1448 bytes in the last segment: EINVAL"));
    }

    @Test
    void tcpSuperFrameIsWellFormed() {
        byte[] frame = SuperFrame.tcp(2, 100);
        assertThat(frame).hasSize(10 + 14 + 20 + 20 + 1448 + 100);
        assertThat(frame[1]).isEqualTo((byte) 1);
        assertThat(frame[10 + 23]).as("protocol").isEqualTo((byte) 6);
        assertThat(((frame[10 + 16] & 0xff) << 8) | (frame[10 + 17] & 0xff))
                .as("IPv4 total length")
                .isEqualTo(1588);
        assertThat(frame[10 + 34 + 12]).as("words of TCP's header").isEqualTo((byte) 0x50);
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
        byte[] frame = SuperFrame.udp(SuperFrame.UDP_L4, 3);
        assertThat(frame).hasSize(10 + 14 + 20 + 8 + 24);
        assertThat(frame[1]).isEqualTo((byte) 5);
        assertThat(frame[10 + 12]).isEqualTo((byte) 8);
        assertThat(frame[10 + 14]).isEqualTo((byte) 0x45);
        assertThat(frame[10 + 14 + 3]).as("IPv4 total length").isEqualTo((byte) 52);
        assertThat(frame[10 + 34 + 5]).as("UDP length").isEqualTo((byte) 32);
    }
}
