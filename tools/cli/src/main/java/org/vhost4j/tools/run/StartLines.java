// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.tools.run;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.definition.GuestAbi;
import org.vhost4j.platform.definition.Resolution;
import org.vhost4j.vhostuser.server.Attach;
import org.vhost4j.vhostuser.server.BackendConfig;
import org.vhost4j.vhostuser.server.Endpoint;

/**
 * Creates the lines that {@code run} prints at its start: the promise to guests and how to attach the first one, in at
 * most six short lines; or everything.
 */
final class StartLines {
    /** Maximum number of lines without {@code --verbose}. */
    static final int MOST = 6;

    /** Maximum length of such a line in characters. */
    static final int LENGTH = 100;

    /** Maximum number of lines about the promise. */
    private static final int PROMISE = 3;

    private static final String END = " \\";
    private static final String MORE = "vhost4j: --verbose prints QEMU's arguments for each guest";

    private StartLines() {}

    /** A short name for an offload. */
    private record Word(String word, List<Feature> features) {
        boolean in(FeatureSet offered) {
            return features.stream().allMatch(offered::has);
        }
    }

    private static final List<Word> WORDS = List.of(
            new Word("checksums", List.of(Feature.CSUM, Feature.GUEST_CSUM)),
            new Word("TSO", List.of(Feature.HOST_TSO4, Feature.HOST_TSO6, Feature.GUEST_TSO4, Feature.GUEST_TSO6)),
            new Word("USO", List.of(Feature.HOST_USO, Feature.GUEST_USO4, Feature.GUEST_USO6)),
            new Word("mergeable buffers", List.of(Feature.MRG_RXBUF)),
            new Word("RSS", List.of(Feature.RSS)));

    /** Returns the first line. */
    private static String promise(Resolution resolution) {
        return "machine " + resolution.machine() + ", platform " + resolution.platform()
                + (resolution.platformNamed() ? "" : " (the newest that this host supports)");
    }

    /**
     * Returns the lines without {@code --verbose}.
     *
     * @param config configuration of the back-end
     * @param resolution the promise to guests
     * @param abi properties that guests see
     * @return at most {@value #MOST}, of at most {@value #LENGTH} characters
     */
    static List<String> brief(BackendConfig config, Resolution resolution, GuestAbi abi) {
        List<String> lines = new ArrayList<>();
        lines.add("vhost4j: " + promise(resolution));
        lines.add("vhost4j: ABI " + abi.fingerprint());
        String words = String.join(
                ", ",
                WORDS.stream()
                        .filter(word -> word.in(resolution.offered()))
                        .map(Word::word)
                        .toList());
        int more = resolution.notes().size() + resolution.withheld().size();
        lines.add("vhost4j: offers " + (words.isEmpty() ? "no offloads" : words)
                + (more == 0 ? "" : "; --verbose has " + more + (more == 1 ? " remark" : " remarks")));
        lines.addAll(attach(config, resolution));
        return lines.stream().map(StartLines::cut).toList();
    }

    private static String cut(String line) {
        return line.length() <= LENGTH ? line : line.substring(0, LENGTH - 1) + "…";
    }

    /** Returns the QEMU arguments that attach the first guest whose socket has a path, for pasting. */
    private static List<String> attach(BackendConfig config, Resolution resolution) {
        int number = 0;
        for (Endpoint endpoint : config.endpoints()) {
            if (endpoint.address().isPresent() && endpoint.attach() != Attach.NETDEV) {
                List<String> device = AttachHelp.device(endpoint, number, config.queuePairs());
                List<String> lines =
                        packed(Stream.concat(AttachHelp.machine(resolution.machine()).stream(), device.stream())
                                .toList());
                boolean fits = lines.size() <= MOST - PROMISE
                        && lines.stream().allMatch(line -> line.length() <= LENGTH)
                        && !resolution.offered().has(Feature.ACCESS_PLATFORM);
                return fits ? lines : List.of(MORE);
            }
            number++;
        }
        return List.of(MORE);
    }

    /**
     * Returns options with their values, as many per line as fit; all lines except the last end with a shell's line
     * continuation.
     */
    private static List<String> packed(List<String> arguments) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i += 2) {
            String option = arguments.get(i) + " " + ShellWord.of(arguments.get(i + 1));
            int last = lines.size() - 1;
            if (last >= 0 && lines.get(last).length() + 1 + option.length() + END.length() <= LENGTH) {
                lines.set(last, lines.get(last) + " " + option);
            } else {
                lines.add("  " + option);
            }
        }
        for (int i = 0; i < lines.size() - 1; i++) {
            lines.set(i, lines.get(i) + END);
        }
        return lines;
    }

    /**
     * Returns all lines.
     *
     * @param config configuration of the back-end
     * @param resolution the promise to guests
     * @param abi properties that guests see
     * @param qemu the QEMU version of the guests
     */
    static List<String> verbose(BackendConfig config, Resolution resolution, GuestAbi abi, AttachedQemu qemu) {
        List<String> lines = new ArrayList<>();
        lines.add(promise(resolution));
        lines.addAll(resolution.notes());
        lines.addAll(resolution.withheld());
        lines.add("offered " + resolution.offered().hex() + " " + resolution.offered());
        if (!resolution.leftToFrontEnd().isEmpty()) {
            lines.add("up to QEMU's own virtio-net-pci, by its properties: " + resolution.leftToFrontEnd());
        }
        lines.add("ABI " + abi.fingerprint());
        return Stream.concat(
                        lines.stream(),
                        AttachHelp.lines(config.endpoints(), config.queuePairs(), resolution, qemu).stream())
                .map(line -> "vhost4j: " + line)
                .toList();
    }
}
