// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Map;
import org.vhost4j.sys.Errno;

/** Asks the kernel for what has nothing to do with TAP interfaces. */
final class KernelProbe {
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
        long[] features = new long[1];
        int vhost = kernel.vhostNetFeatures(features);
        judge(HostCapability.VHOST_NET, vhost, "0x" + Long.toHexString(features[0]), "access to /dev/vhost-net");
        judge(HostCapability.USERFAULTFD, kernel.userfaultfd(), "ok", "CAP_SYS_PTRACE");
        judge(HostCapability.AF_XDP, kernel.xdpSocket(), "ok", "CAP_NET_RAW");
        int ring = kernel.ioUringSetup();
        boolean there = ring == -Errno.EINVAL || ring == -Errno.EFAULT;
        judge(HostCapability.IO_URING, there ? 0 : ring, "ok", "io_uring to be enabled for this user");
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
