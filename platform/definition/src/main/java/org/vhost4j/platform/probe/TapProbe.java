// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Map;
import org.vhost4j.sys.Errno;

/**
 * Probes the kernel's support for TAP interfaces, on a temporary interface that is never up.
 *
 * <p>Frames can be written to an interface that is down: the kernel checks the virtio-net header first (EINVAL if it refuses the header),
 * and only then that the interface is up (EIO if not). So no frame ever reaches the host's network.
 */
final class TapProbe {
    private static final int IFF_NO_CARRIER = 0x0040;
    static final int IFF_MULTI_QUEUE = 0x0100;
    static final int IFF_VNET_HDR = 0x4000;

    private static final int[] HEADER_SIZES = {12, 20, 24};
    /**
     * Payload bytes of the last segment: a full segment, one byte, and a length with which the frame including its headers is a multiple of
     * a segment.
     */
    private static final int[] LAST_SEGMENTS = {1448, 1, 1394};

    private final TunKernel kernel;
    private final Map<HostCapability, Answer> answers;

    /**
     * Creates a probe.
     *
     * @param kernel the kernel; closed by the caller
     * @param answers receives the results
     */
    TapProbe(TunKernel kernel, Map<HostCapability, Answer> answers) {
        this.kernel = kernel;
        this.answers = answers;
    }

    /** Runs all probes. */
    void run() {
        int opened = kernel.open();
        if (opened < 0) {
            String name = Errno.name(-opened);
            boolean absent = opened == -Errno.ENOENT || opened == -Errno.ENODEV || opened == -Errno.ENXIO;
            HostCapability tap = HostCapability.TAP;
            answers.put(
                    tap,
                    absent
                            ? Answer.no(tap.question(), name)
                            : Answer.unknown(tap.question(), name + ", needs the right to open it"));
            theRestIsUnknown("/dev/net/tun cannot be opened, " + name);
            return;
        }
        answers.put(HostCapability.TAP, Answer.yes(HostCapability.TAP.question(), "ok"));
        askFeatures(kernel.features());
        int created = kernel.createTap();
        if (created < 0) {
            boolean denied = created == -Errno.EPERM || created == -Errno.EACCES;
            theRestIsUnknown(
                    denied ? HostProbe.NEEDS_ADMIN : "no temporary TAP, TUNSETIFF says " + Errno.name(-created));
            return;
        }
        for (TapOffload offload : TapOffload.ALL) {
            HostCapability capability = offload.capability();
            answers.put(capability, judge(capability.question(), kernel.setOffload(offload.mask())));
        }
        boolean judges = kernel.write(SuperFrame.udp(SuperFrame.MEANINGLESS, 2)) == -Errno.EINVAL;
        askTcpWrites(judges);
        askWrite(HostCapability.TAP_WRITE_UDP_L4, 2, judges);
        askWrite(HostCapability.TAP_UDP_L4_128, 128, judges);
        // This is the last probe, because it changes the header length of the writes above.
        askHeaderSizes();
    }

    private void askHeaderSizes() {
        HostCapability capability = HostCapability.TAP_VNET_HDR_SIZE;
        Answer answer = Answer.yes(capability.question(), "ok");
        for (int bytes : HEADER_SIZES) {
            int result = kernel.setHeaderSize(bytes);
            if (result < 0) {
                answer = Answer.no(capability.question(), bytes + " bytes: " + Errno.name(-result));
                break;
            }
        }
        answers.put(capability, answer);
    }

    private void theRestIsUnknown(String why) {
        for (HostCapability capability : HostCapability.values()) {
            if (capability.use() == HostUse.TAP) {
                answers.putIfAbsent(capability, Answer.unknown(capability.question(), why));
            }
        }
    }

    private void askFeatures(int flags) {
        askFlag(HostCapability.TAP_VNET_HDR, flags, IFF_VNET_HDR);
        askFlag(HostCapability.TAP_MULTI_QUEUE, flags, IFF_MULTI_QUEUE);
        askFlag(HostCapability.TAP_NO_CARRIER, flags, IFF_NO_CARRIER);
    }

    private void askFlag(HostCapability capability, int flags, int flag) {
        String asked = capability.question();
        answers.put(capability, flags < 0 ? Answer.unknown(asked, Errno.name(-flags)) : judgeFlag(asked, flags, flag));
    }

    /** Returns the result for one flag of a bit mask. */
    static Answer judgeFlag(String asked, int flags, int flag) {
        String said = "0x" + Integer.toHexString(flags);
        return (flags & flag) != 0 ? Answer.yes(asked, said) : Answer.no(asked, said);
    }

    /**
     * Writes TCP super-frames. Linux 6.6.44 and other stable kernels of that time (net: missing check virtio, e269d79c7d35) refuse most of
     * them, depending on the length of the last segment, although TUNSETOFFLOAD accepts the offload.
     */
    private void askTcpWrites(boolean judges) {
        HostCapability capability = HostCapability.TAP_WRITE_TSO;
        if (!judges) {
            // A kernel that first checks whether the interface is up is older than that defect, so the result of
            // TUNSETOFFLOAD is valid for TCP super-frames.
            Answer promised = answers.getOrDefault(
                    HostCapability.TAP_TSO, Answer.unknown(HostCapability.TAP_TSO.question(), "was not asked"));
            answers.put(capability, new Answer(promised.verdict(), promised.asked(), promised.said()));
            return;
        }
        Answer answer = Answer.yes(capability.question(), "ok");
        for (int last : LAST_SEGMENTS) {
            int written = kernel.write(SuperFrame.tcp(3, last));
            if (written < 0 && written != -Errno.EIO) {
                Answer refused = judge(capability.question(), written);
                answer = new Answer(
                        refused.verdict(), refused.asked(), last + " bytes in the last segment: " + refused.said());
                break;
            }
        }
        answers.put(capability, answer);
    }

    private void askWrite(HostCapability capability, int segments, boolean judges) {
        if (!judges) {
            answers.put(
                    capability,
                    Answer.unknown(capability.question(), "this TAP accepts every header, even an invalid one"));
            return;
        }
        int written = kernel.write(SuperFrame.udp(SuperFrame.UDP_L4, segments));
        answers.put(
                capability,
                written == -Errno.EIO
                        ? Answer.yes(capability.question(), "ok")
                        : judge(capability.question(), written));
    }

    /** Returns the probe's result for a call's result; a negative errno is a failure. */
    static Answer judge(String asked, int result) {
        if (result >= 0) {
            return Answer.yes(asked, "ok");
        }
        String name = Errno.name(-result);
        return result == -Errno.EINVAL ? Answer.no(asked, name) : Answer.unknown(asked, name);
    }
}
