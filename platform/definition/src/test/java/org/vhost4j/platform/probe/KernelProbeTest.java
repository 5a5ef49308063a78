// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vhost4j.sys.Errno;

final class KernelProbeTest {
    private static final int ENOSYS = 38;
    private static final int EAFNOSUPPORT = 97;

    private record FakeKernel(int vhost, long features, int uffd, int xdp, int uring) implements HostKernel {
        @Override
        public int vhostNetFeatures(long[] word) {
            word[0] = features;
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
        Map<HostCapability, Answer> answers = ask(new FakeKernel(0, 0x30000L, 0, 0, -Errno.EINVAL));
        assertThat(answers)
                .hasSize(4)
                .allSatisfy((capability, answer) -> assertThat(answer.isYes()).isTrue());
        assertThat(answers.get(HostCapability.VHOST_NET))
                .isEqualTo(Answer.yes("VHOST_GET_FEATURES of /dev/vhost-net", "0x30000"));
    }

    @Test
    void kernelThatHasNoneSaysNo() {
        Map<HostCapability, Answer> answers = ask(new FakeKernel(-Errno.ENOENT, 0, -ENOSYS, -EAFNOSUPPORT, -ENOSYS));
        assertThat(answers)
                .hasSize(4)
                .allSatisfy((capability, answer) -> assertThat(answer.verdict()).isEqualTo(Answer.Verdict.NO));
        assertThat(answers.get(HostCapability.AF_XDP)).isEqualTo(Answer.no("socket(AF_XDP)", "EAFNOSUPPORT"));
    }

    @Test
    void missingRightIsNamedAndIsNoNo() {
        Map<HostCapability, Answer> answers =
                ask(new FakeKernel(-Errno.EACCES, 0, -Errno.EPERM, -Errno.EPERM, -Errno.EPERM));
        assertThat(answers).hasSize(4).allSatisfy((capability, answer) -> {
            assertThat(answer.verdict()).isEqualTo(Answer.Verdict.UNKNOWN);
            assertThat(answer.said()).startsWith("needs ");
        });
        assertThat(ask(new FakeKernel(-Errno.EMFILE, 0, 0, 0, 0)))
                .containsEntry(
                        HostCapability.VHOST_NET, Answer.unknown("VHOST_GET_FEATURES of /dev/vhost-net", "EMFILE"));
    }
}
