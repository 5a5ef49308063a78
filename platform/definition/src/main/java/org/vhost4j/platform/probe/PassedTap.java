// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import org.vhost4j.sys.Errno;
import org.vhost4j.sys.LibC;

/**
 * Asks the TAP behind a descriptor that was passed for a guest, which knows more of the kernel that will serve the guest than anything
 * that this process may open. No frame is written to it: it may be up, and then a frame would reach a network.
 */
public final class PassedTap {
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNGETFEATURES = 0x800454cfL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS = 16;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFF_MULTI_QUEUE = 0x0100;

    private static final int CSUM = 0x01;
    private static final int TSO = 0x02 | 0x04;
    private static final int ECN = 0x08;
    private static final int UFO = 0x10;
    private static final int USO = 0x20 | 0x40;
    private static final int TUNNEL = 0x80;
    private static final int TUNNEL_CSUM = 0x100;

    private final int descriptor;
    private final String passed;
    private final Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);

    private PassedTap(int descriptor) {
        this.descriptor = descriptor;
        this.passed = " of descriptor " + descriptor;
    }

    /**
     * Asks.
     *
     * @param descriptor a TAP's or macvtap's; its offloads are off afterwards, as QEMU has them before the guest's driver speaks
     * @return the answers; none when the descriptor is no TAP's
     */
    public static Map<HostCapability, Answer> ask(int descriptor) {
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
        askFlag(HostCapability.TAP_VNET_HDR, "TUNGETIFF" + passed + " has IFF_VNET_HDR", flags, IFF_VNET_HDR);
        int known = word(TUNGETFEATURES);
        if (known >= 0) {
            HostCapability queues = HostCapability.TAP_MULTI_QUEUE;
            askFlag(queues, queues.question(), known, IFF_MULTI_QUEUE);
        }
        askOffload(HostCapability.TAP_CSUM, CSUM);
        askOffload(HostCapability.TAP_TSO, CSUM | TSO);
        askOffload(HostCapability.TAP_ECN, CSUM | TSO | ECN);
        askOffload(HostCapability.TAP_UFO, CSUM | UFO);
        askOffload(HostCapability.TAP_USO, CSUM | USO);
        askOffload(HostCapability.TAP_TUNNEL, CSUM | TSO | USO | TUNNEL);
        askOffload(HostCapability.TAP_TUNNEL_CSUM, CSUM | TSO | USO | TUNNEL | TUNNEL_CSUM);
        int unused = LibC.ioctl(descriptor, TUNSETOFFLOAD, 0);
    }

    private int flags() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_BYTES, Long.BYTES);
            int result = LibC.ioctl(descriptor, TUNGETIFF, ifreq.address());
            return result < 0 ? result : Short.toUnsignedInt(ifreq.get(ValueLayout.JAVA_SHORT, IFREQ_FLAGS));
        }
    }

    private int word(long request) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_INT);
            int result = LibC.ioctl(descriptor, request, word.address());
            return result < 0 ? result : word.get(ValueLayout.JAVA_INT, 0);
        }
    }

    private void askFlag(HostCapability capability, String asked, int flags, int flag) {
        String said = "0x" + Integer.toHexString(flags);
        answers.put(capability, (flags & flag) != 0 ? Answer.yes(asked, said) : Answer.no(asked, said));
    }

    private void askOffload(HostCapability capability, int mask) {
        int result = LibC.ioctl(descriptor, TUNSETOFFLOAD, mask);
        String asked = capability.question() + passed;
        if (result >= 0) {
            answers.put(capability, Answer.yes(asked, "ok"));
        } else if (result == -Errno.EINVAL) {
            answers.put(capability, Answer.no(asked, "EINVAL"));
        } else {
            answers.put(capability, Answer.unknown(asked, Errno.name(-result)));
        }
    }
}
