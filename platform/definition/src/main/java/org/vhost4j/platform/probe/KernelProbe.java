// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Map;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.Errno;

/** Asks the kernel for what has nothing to do with TAP interfaces. */
final class KernelProbe {
    private static final String ACCESS = "access to /dev/vhost-net";
    private static final int ENOSYS = 38;
    private static final int EAFNOSUPPORT = 97;

    private final HostKernel kernel;
    private final Map<HostCapability, Answer> answers;

    /**
     * A probe.
     *
     * @param kernel the kernel
     * @param answers takes the answers
     */
    KernelProbe(HostKernel kernel, Map<HostCapability, Answer> answers) {
        this.kernel = kernel;
        this.answers = answers;
    }

    /** Asks everything. */
    void run() {
        askVhostNet();
        judge(HostCapability.USERFAULTFD, kernel.userfaultfd(), "ok", "CAP_SYS_PTRACE");
        judge(HostCapability.AF_XDP, kernel.xdpSocket(), "ok", "CAP_NET_RAW");
        int ring = kernel.ioUringSetup();
        boolean there = ring == -Errno.EINVAL || ring == -Errno.EFAULT;
        judge(HostCapability.IO_URING, there ? 0 : ring, "ok", "io_uring to be enabled for this user");
    }

    /** Asks the kernel's vhost-net for its bits. */
    void askVhostNet() {
        long[] words = new long[2];
        int result = kernel.vhostNetFeatures(words);
        FeatureSet offered = new FeatureSet(words[0], words[1]);
        judge(HostCapability.VHOST_NET, result, offered.hex(), ACCESS);
        for (HostCapability capability : HostCapability.values()) {
            if (capability.use() == HostUse.VHOST_NET && capability != HostCapability.VHOST_NET) {
                answers.put(capability, ofVhostNet(capability, result, offered));
            }
        }
    }

    private static Answer ofVhostNet(HostCapability capability, int result, FeatureSet offered) {
        String question = capability.question();
        if (result == -Errno.EPERM || result == -Errno.EACCES) {
            return Answer.unknown(question, "needs " + ACCESS);
        }
        if (result == -Errno.ENOENT || result == -Errno.ENODEV || result == -Errno.ENXIO) {
            return Answer.unknown(question, "not asked: no /dev/vhost-net");
        }
        if (result < 0) {
            return Answer.unknown(question, Errno.name(-result));
        }
        boolean has = capability.features().stream().allMatch(offered::has);
        return has ? Answer.yes(question, offered.hex()) : Answer.no(question, offered.hex());
    }

    private void judge(HostCapability capability, int result, String good, String right) {
        String question = capability.question();
        Answer answer;
        if (result >= 0) {
            answer = Answer.yes(question, good);
        } else if (result == -Errno.EPERM || result == -Errno.EACCES) {
            answer = Answer.unknown(question, "needs " + right);
        } else if (result == -ENOSYS
                || result == -EAFNOSUPPORT
                || result == -Errno.ENOENT
                || result == -Errno.ENODEV
                || result == -Errno.ENXIO
                || result == -Errno.EINVAL) {
            answer = Answer.no(question, Errno.name(-result));
        } else {
            answer = Answer.unknown(question, Errno.name(-result));
        }
        answers.put(capability, answer);
    }
}
