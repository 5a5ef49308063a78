// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.vhost4j.platform.probe.Answer;
import org.vhost4j.platform.probe.HostCapabilities;
import org.vhost4j.platform.probe.HostCapabilitiesJson;
import org.vhost4j.platform.probe.HostCapability;
import org.vhost4j.platform.probe.HostProbe;
import org.vhost4j.platform.probe.HostUse;
import org.vhost4j.platform.probe.PassedTap;
import org.vhost4j.tools.platform.ThisHost;

/**
 * The capabilities of this host, for one start. The host is probed at each start. Only answers for which this process
 * lacks a privilege come from other sources: from {@code /run/vhost4j/host-capabilities.json}, where root has stored
 * the output of {@code vhost4j platform probe --json} since the host was booted; or from the stored results of a child
 * process in its own namespace since then.
 */
final class HostAnswers {
    private static final Path OF_ROOT = Path.of("/run/vhost4j/host-capabilities.json");
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final int ROOT = 0;

    private final Notes notes;
    private final Path ofRoot;
    private @Nullable HostCapabilities host;

    /**
     * Creates the answers for one start.
     *
     * @param notes storage for the results of a child process
     */
    HostAnswers(Notes notes) {
        this(notes, OF_ROOT);
    }

    /**
     * Creates the answers for one start, with root's in another file.
     *
     * @param notes storage for the results of a child process
     * @param ofRoot file with root's answers
     */
    HostAnswers(Notes notes, Path ofRoot) {
        this.notes = notes;
        this.ofRoot = ofRoot;
    }

    /**
     * Creates the answers for given capabilities, without probing.
     *
     * @param host capabilities of the host
     */
    HostAnswers(HostCapabilities host) {
        this(new Notes(Map.of()), OF_ROOT);
        this.host = host;
    }

    /** Returns this host. */
    HostCapabilities host() {
        HostCapabilities known = host;
        if (known == null) {
            known = ask();
            host = known;
        }
        return known;
    }

    /**
     * Returns the uses of the kernel when the guest's network cards are not known: their features have to suit a TAP,
     * with vhost-net if the host has it.
     *
     * @param host this host
     * @return the uses
     */
    static Set<HostUse> uses(HostCapabilities host) {
        return host.has(HostCapability.VHOST_NET)
                ? EnumSet.of(HostUse.TAP, HostUse.VHOST_NET)
                : EnumSet.of(HostUse.TAP);
    }

    private HostCapabilities ask() {
        HostCapabilities here = amended(HostProbe.probe(), ofRoot());
        if (!HostProbe.needsAdmin(here)) {
            return here;
        }
        Optional<String> name = noteOfThisBoot(here);
        Optional<HostCapabilities> noted = name.flatMap(notes::read).flatMap(HostAnswers::parse);
        if (noted.isPresent()) {
            return amended(here, noted);
        }
        HostCapabilities found = ThisHost.askInNamespace(here);
        if (!found.answer(HostCapability.TAP_CSUM)
                .verdict()
                .equals(here.answer(HostCapability.TAP_CSUM).verdict())) {
            name.ifPresent(note -> notes.write(note, HostCapabilitiesJson.write(found)));
        }
        return found;
    }

    private Optional<HostCapabilities> ofRoot() {
        try {
            if (Files.isRegularFile(ofRoot) && (Integer) Files.getAttribute(ofRoot, "unix:uid") == ROOT) {
                return Optional.of(HostCapabilitiesJson.read(ofRoot));
            }
        } catch (IOException e) {
            // Treated as missing: capabilities that cannot be probed stay unknown, which a refusal reports.
        }
        return Optional.empty();
    }

    private static Optional<HostCapabilities> parse(String text) {
        try {
            return Optional.of(HostCapabilitiesJson.parse(text, "the note"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> noteOfThisBoot(HostCapabilities here) {
        try {
            return Optional.of("host-" + Files.readString(BOOT).strip() + "-" + here.kernel() + ".json");
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns the answers, completed by those of another source. */
    private static HostCapabilities amended(HostCapabilities here, Optional<HostCapabilities> other) {
        if (other.isEmpty()) {
            return here;
        }
        Map<HostCapability, Answer> answers = new EnumMap<>(HostCapability.class);
        for (HostCapability capability : HostCapability.values()) {
            Answer own = here.answer(capability);
            Answer theirs = other.get().answer(capability);
            // In a private /dev, such as libvirt creates for a guest, a missing device does not mean that the kernel
            // lacks it.
            boolean silent = own.verdict() == Answer.Verdict.UNKNOWN
                    || (!own.isYes() && own.said().contains("ENOENT"));
            boolean better = silent && theirs.verdict() != Answer.Verdict.UNKNOWN;
            answers.put(capability, better ? theirs : own);
        }
        return new HostCapabilities(here.host(), here.kernel(), answers);
    }

    /**
     * Returns the host as one card will use it: the descriptors that were passed for the card take precedence.
     *
     * @param card the card
     * @return this host, as far as that card is concerned
     */
    HostCapabilities behind(NetworkCard card) {
        Map<HostCapability, Answer> answers = new EnumMap<>(host().answers());
        for (int tap : card.taps()) {
            answers.putAll(PassedTap.probe(tap));
        }
        if (!card.taps().isEmpty()) {
            // Linux 6.2 introduced both capabilities, and no kernel is known to have only the first.
            assume(HostCapability.TAP_WRITE_UDP_L4, HostCapability.TAP_USO, answers);
            // Some kernels have a defect that only a write detects, but the TAP may be up, so nothing is written to it.
            assume(HostCapability.TAP_WRITE_TSO, HostCapability.TAP_TSO, answers);
        }
        HostCapabilities behind = new HostCapabilities(host().host(), host().kernel(), answers);
        for (int vhost : card.vhosts()) {
            behind = HostProbe.withVhostNet(behind, vhost);
        }
        return behind;
    }

    /** Assumes that a TAP accepts the offloads that it delivers, if a write could not be tried. */
    private static void assume(HostCapability taking, HostCapability giving, Map<HostCapability, Answer> answers) {
        Answer gives = answers.get(giving);
        Answer takes = answers.get(taking);
        boolean open = takes == null || takes.verdict() == Answer.Verdict.UNKNOWN;
        if (gives != null && gives.isYes() && open) {
            answers.put(taking, Answer.yes(gives.asked(), gives.said()));
        }
    }
}
