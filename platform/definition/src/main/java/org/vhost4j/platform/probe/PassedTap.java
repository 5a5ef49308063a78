// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import org.vhost4j.sys.LibC;

/**
 * Probes a TAP whose descriptor was passed to QEMU for a guest. It needs no privilege to open a TAP, unlike {@link HostProbe}. No frame is
 * written to the TAP, because the TAP may be up, and a frame would reach a network.
 */
public final class PassedTap {
    private static final long TUNGETIFF = 0x800454d2L;

    private final int descriptor;
    private final String passed;
    private final Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);

    private PassedTap(int descriptor) {
        this.descriptor = descriptor;
        this.passed = " of descriptor " + descriptor;
    }

    /**
     * Probes the TAP.
     *
     * @param descriptor descriptor of a TAP or macvtap; its offloads are off afterwards, as in QEMU before the guest's
     *     driver negotiates
     * @return the results; empty when the descriptor is not a TAP
     */
    public static Map<HostCapability, Answer> probe(int descriptor) {
        PassedTap tap = new PassedTap(descriptor);
        tap.ask();
        return tap.answers;
    }

    private void ask() {
        int flags = flags();
        if (flags < 0) {
            return;
        }
        answers.put(HostCapability.TAP, Answer.yes("TUNGETIFF" + passed, "ok"));
        answers.put(
                HostCapability.TAP_VNET_HDR,
                TapProbe.judgeFlag("TUNGETIFF" + passed + " has IFF_VNET_HDR", flags, TapProbe.IFF_VNET_HDR));
        int known = LinuxTun.features(descriptor);
        if (known >= 0) {
            HostCapability queues = HostCapability.TAP_MULTI_QUEUE;
            answers.put(queues, TapProbe.judgeFlag(queues.question(), known, TapProbe.IFF_MULTI_QUEUE));
        }
        for (TapOffload offload : TapOffload.ALL) {
            String asked = offload.capability().question() + passed;
            answers.put(offload.capability(), TapProbe.judge(asked, LinuxTun.setOffload(descriptor, offload.mask())));
        }
        int unused = LinuxTun.setOffload(descriptor, 0);
    }

    private int flags() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(LinuxTun.IFREQ_BYTES, Long.BYTES);
            int result = LibC.ioctl(descriptor, TUNGETIFF, ifreq.address());
            return result < 0 ? result : Short.toUnsignedInt(ifreq.get(ValueLayout.JAVA_SHORT, LinuxTun.IFREQ_FLAGS));
        }
    }
}
