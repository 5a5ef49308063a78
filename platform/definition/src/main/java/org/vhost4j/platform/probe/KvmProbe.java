// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

import java.util.Map;
import org.vhost4j.sys.Errno;

/** Probes the paravirtual features of the kernel's KVM, without creating a guest. */
final class KvmProbe {
    private static final String DEVICE = "/dev/kvm";
    private static final int EOPNOTSUPP = 95;
    private static final int KVM_CAP_X86_SMM = 117;
    private static final int KVM_CAP_STEAL_TIME = 187;

    /**
     * For each capability, the bits of EAX in leaf 0x40000001, all of which are required. The clock has two bits, of which QEMU exposes
     * both or none.
     */
    private static final Map<HostCapability, Integer> BITS = Map.ofEntries(
            Map.entry(HostCapability.KVM_CLOCK, 0x9),
            Map.entry(HostCapability.KVM_NOPIODELAY, 0x2),
            Map.entry(HostCapability.KVM_ASYNCPF, 0x10),
            Map.entry(HostCapability.KVM_STEAL_TIME, 0x20),
            Map.entry(HostCapability.KVM_PV_EOI, 0x40),
            Map.entry(HostCapability.KVM_PV_UNHALT, 0x80),
            Map.entry(HostCapability.KVM_PV_TLB_FLUSH, 0x200),
            Map.entry(HostCapability.KVM_ASYNCPF_VMEXIT, 0x400),
            Map.entry(HostCapability.KVM_PV_IPI, 0x800),
            Map.entry(HostCapability.KVM_POLL_CONTROL, 0x1000),
            Map.entry(HostCapability.KVM_PV_SCHED_YIELD, 0x2000),
            Map.entry(HostCapability.KVM_ASYNCPF_INT, 0x4000),
            Map.entry(HostCapability.KVM_CLOCK_STABLE, 0x1000000));

    private final HostKernel kernel;
    private final Map<HostCapability, Answer> answers;

    /**
     * Creates a probe.
     *
     * @param kernel the kernel
     * @param answers receives the results
     */
    KvmProbe(HostKernel kernel, Map<HostCapability, Answer> answers) {
        this.kernel = kernel;
        this.answers = answers;
    }

    /** Runs all probes. */
    void run() {
        int[] registers = new int[1];
        int result = kernel.kvmFeatures(registers);
        String said = "0x" + Integer.toHexString(registers[0]);
        String asked = HostCapability.KVM.question();
        if (result >= 0) {
            answers.put(HostCapability.KVM, Answer.yes(asked, said));
        } else if (result == -Errno.ENOENT || result == -Errno.ENODEV || result == -Errno.ENXIO) {
            answers.put(HostCapability.KVM, Answer.no(asked, Errno.name(-result)));
        } else {
            answers.put(HostCapability.KVM, KernelProbe.notAsked(asked, DEVICE, result));
        }
        BITS.forEach((capability, mask) -> {
            String question = capability.question();
            boolean has = (registers[0] & mask) == mask;
            answers.put(
                    capability,
                    result < 0
                            ? KernelProbe.notAsked(question, DEVICE, result)
                            : has ? Answer.yes(question, said) : Answer.no(question, said));
        });
        askExtension(HostCapability.KVM_SMM, KVM_CAP_X86_SMM);
        if (result == -EOPNOTSUPP) {
            askExtension(HostCapability.KVM_ARM_STEAL_TIME, KVM_CAP_STEAL_TIME);
        } else {
            HostCapability arm = HostCapability.KVM_ARM_STEAL_TIME;
            answers.put(arm, Answer.unknown(arm.question(), "not asked: the processor is no ARM"));
        }
    }

    private void askExtension(HostCapability capability, int number) {
        int result = kernel.kvmExtension(number);
        String question = capability.question();
        answers.put(
                capability,
                result < 0
                        ? KernelProbe.notAsked(question, DEVICE, result)
                        : result > 0 ? Answer.yes(question, "" + result) : Answer.no(question, "0"));
    }
}
