// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Map;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.sys.Errno;

/** Probes the kernel for capabilities other than those of TAP interfaces. */
final class KernelProbe {
    private static final String ACCESS = "access to /dev/vhost-net";
    private static final int PAGE = 4096;
    private static final int ENOSYS = 38;
    private static final int EAFNOSUPPORT = 97;

    /** For each capability, its feature bit of the device (virtio 1.4 sections 5.10.3 and 5.6.3). */
    private static final Map<HostCapability, Integer> VSOCK_BITS = Map.of(HostCapability.VHOST_VSOCK_SEQPACKET, 1);

    private static final Map<HostCapability, Integer> SCSI_BITS =
            Map.of(HostCapability.VHOST_SCSI_HOTPLUG, 1, HostCapability.VHOST_SCSI_T10_PI, 3);

    private final HostKernel kernel;
    private final Map<HostCapability, Answer> answers;

    /**
     * Creates a probe.
     *
     * @param kernel the kernel
     * @param answers receives the results
     */
    KernelProbe(HostKernel kernel, Map<HostCapability, Answer> answers) {
        this.kernel = kernel;
        this.answers = answers;
    }

    /** Runs all probes. */
    void run() {
        askVhostNet();
        askVhostVsock();
        askVhostScsi();
        new KvmProbe(kernel, answers).run();
        askPageSize();
        judge(HostCapability.USERFAULTFD, kernel.userfaultfd(), "ok", "CAP_SYS_PTRACE");
        judge(HostCapability.AF_XDP, kernel.xdpSocket(), "ok", "CAP_NET_RAW");
        int ring = kernel.ioUringSetup();
        boolean there = ring == -Errno.EINVAL || ring == -Errno.EFAULT;
        judge(HostCapability.IO_URING, there ? 0 : ring, "ok", "io_uring to be enabled for this user");
    }

    private void askPageSize() {
        int size = kernel.pageSize();
        String asked = HostCapability.PAGE_4K.question();
        answers.put(HostCapability.PAGE_4K, size == PAGE ? Answer.yes(asked, "" + size) : Answer.no(asked, "" + size));
    }

    /** Reads the feature bits of the kernel's vhost-net. */
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

    /** Reads the feature bits of the kernel's vhost-vsock. */
    void askVhostVsock() {
        askVhost("/dev/vhost-vsock", HostCapability.VHOST_VSOCK, VSOCK_BITS);
    }

    /** Reads the feature bits of the kernel's vhost-scsi. */
    void askVhostScsi() {
        askVhost("/dev/vhost-scsi", HostCapability.VHOST_SCSI, SCSI_BITS);
    }

    private void askVhost(String device, HostCapability whole, Map<HostCapability, Integer> bits) {
        long[] word = new long[1];
        int result = kernel.vhostFeatures(device, word);
        String said = new FeatureSet(word[0], 0).hex();
        judge(whole, result, said, "access to " + device);
        bits.forEach((capability, bit) -> {
            Answer found = result < 0
                    ? notAsked(capability.question(), device, result)
                    : new Answer(
                            (word[0] >> bit & 1) != 0 ? Answer.Verdict.YES : Answer.Verdict.NO,
                            capability.question(),
                            said);
            answers.put(capability, found);
        });
    }

    private static Answer ofVhostNet(HostCapability capability, int result, FeatureSet offered) {
        String question = capability.question();
        if (result < 0) {
            return notAsked(question, "/dev/vhost-net", result);
        }
        boolean has = capability.features().stream().allMatch(offered::has);
        return has ? Answer.yes(question, offered.hex()) : Answer.no(question, offered.hex());
    }

    /** Returns the result for a device that could not be opened, or whose call failed. */
    static Answer notAsked(String question, String device, int result) {
        if (result == -Errno.EPERM || result == -Errno.EACCES) {
            return Answer.unknown(question, "needs access to " + device);
        }
        if (result == -Errno.ENOENT || result == -Errno.ENODEV || result == -Errno.ENXIO) {
            return Answer.unknown(question, "not asked: no " + device);
        }
        return Answer.unknown(question, Errno.name(-result));
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
