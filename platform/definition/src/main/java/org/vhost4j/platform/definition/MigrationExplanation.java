// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapability;

/**
 * Why a migration failed with QEMU's {@code Features 0x... unsupported. Allowed features: 0x...}, and what would have prevented
 * it.
 *
 * @param guest the bits that the guest had negotiated
 * @param allowed the bits that the destination offers
 * @param bits every bit of either side, the lowest first
 * @param suspects when no bit stops the migration by these words, the host-dependent bits that could have: QEMU 11.1 clears the
 *     bits that it refuses before it prints the guest's word, so that they are not in its message
 * @param platform the newest mainline platform that promises none of the bits that stop the migration, or are suspected to
 * @param settings the properties that would have to be off, as QEMU's {@code -device} takes them
 */
public record MigrationExplanation(
        FeatureSet guest,
        FeatureSet allowed,
        List<Bit> bits,
        List<String> suspects,
        Optional<PlatformDefinition> platform,
        List<String> settings) {
    /**
     * A bit of either side.
     *
     * @param number the bit's number
     * @param name the feature's name, or {@code BIT_n}
     * @param property QEMU's property for it, if it has one
     * @param inGuest whether the guest had negotiated it
     * @param isAllowed whether the destination offers it
     * @param sinceMachine the first machine version with which it is on by default, when there is such a step
     * @param sincePlatform the first mainline platform that promises it, when there is such a step
     */
    public record Bit(
            int number,
            String name,
            Optional<String> property,
            boolean inGuest,
            boolean isAllowed,
            Optional<String> sinceMachine,
            Optional<String> sincePlatform) {
        /**
         * Whether the migration fails because of this bit.
         *
         * @return true when the guest uses what the destination does not offer
         */
        public boolean stops() {
            return inGuest && !isAllowed;
        }
    }

    private static final Pattern WORD = Pattern.compile("0[xX]([0-9a-fA-F]+)\\b");
    /** QEMU's message; a terminal may have broken it into lines. */
    private static final Pattern MESSAGE = Pattern.compile(
            "Features\\s+(0x[0-9a-fA-F]+)\\s+unsupported\\.\\s+Allowed\\s+features:\\s+(0x[0-9a-fA-F]+)\\b");

    private static final int MOST_DIGITS = 32;
    /** So many different messages of one log are explained. */
    private static final int MOST_PAIRS = 64;

    /** Copies the lists. */
    public MigrationExplanation {
        bits = List.copyOf(bits);
        suspects = List.copyOf(suspects);
        settings = List.copyOf(settings);
    }

    /**
     * Explains every failure that a text tells of.
     *
     * @param catalog the machines and platforms
     * @param text two hexadecimal feature words, the guest's first; or lines of QEMU's log among which its message is, whatever
     *     stands around it
     * @return an explanation for each pair of words that is there, at least one
     * @throws IllegalArgumentException when there are no two words, or one is too long; the message is one sentence for the user
     */
    public static List<MigrationExplanation> allOf(PlatformCatalog catalog, String text) {
        Set<List<FeatureSet>> pairs = new LinkedHashSet<>();
        Matcher message = MESSAGE.matcher(text);
        while (message.find()) {
            pairs.add(List.of(word(message.group(1)), word(message.group(2))));
            if (pairs.size() > MOST_PAIRS) {
                throw new IllegalArgumentException("There are more than " + MOST_PAIRS
                        + " different messages of QEMU's: give the lines that are to be explained.");
            }
        }
        if (pairs.isEmpty()) {
            // Three are as wrong as a thousand.
            List<String> words = WORD.matcher(text)
                    .results()
                    .map(MatchResult::group)
                    .limit(MOST_PAIRS)
                    .toList();
            if (words.size() != 2) {
                throw new IllegalArgumentException(
                        "There must be two feature words of up to 32 hexadecimal digits, the guest's and"
                                + " the destination's, such as 0x1c0010130afffa7 0x10179bfffe7, or QEMU's message with"
                                + " them; here are " + words.size() + ".");
            }
            pairs.add(List.of(word(words.getFirst()), word(words.getLast())));
        }
        return pairs.stream()
                .map(pair -> of(catalog, pair.getFirst(), pair.getLast()))
                .toList();
    }

    private static FeatureSet word(String text) {
        String digits = text.substring(2);
        if (digits.length() > MOST_DIGITS) {
            throw new IllegalArgumentException(
                    text + " has " + digits.length() + " digits: a feature word has up to 32, which are 128 bits.");
        }
        BigInteger word = new BigInteger(digits, 16);
        return new FeatureSet(word.longValue(), word.shiftRight(Long.SIZE).longValue());
    }

    /**
     * Explains.
     *
     * @param catalog the machines and platforms
     * @param guest what the guest had negotiated
     * @param allowed what the destination offers
     * @return the explanation
     */
    public static MigrationExplanation of(PlatformCatalog catalog, FeatureSet guest, FeatureSet allowed) {
        List<Bit> bits = new ArrayList<>();
        List<Feature> stopping = new ArrayList<>();
        for (int number = 0; number < 2 * Long.SIZE; number++) {
            boolean inGuest = has(guest, number);
            boolean isAllowed = has(allowed, number);
            if (!inGuest && !isAllowed) {
                continue;
            }
            Optional<Feature> feature = Feature.ofBit(number);
            Bit bit = new Bit(
                    number,
                    feature.map(Feature::name).orElse("BIT_" + number),
                    feature.flatMap(Feature::property),
                    inGuest,
                    isAllowed,
                    feature.flatMap(Property::of).flatMap(property -> sinceMachine(catalog, property)),
                    feature.flatMap(each -> sincePlatform(catalog, each)));
            bits.add(bit);
            if (bit.stops()) {
                feature.ifPresent(stopping::add);
            }
        }
        boolean nothingStops = bits.stream().noneMatch(Bit::stops);
        List<Feature> suspects = nothingStops ? refusedByHost(allowed) : List.of();
        List<Feature> culprits = nothingStops ? suspects : stopping;
        return new MigrationExplanation(
                guest,
                allowed,
                bits,
                suspects.stream().map(Feature::name).toList(),
                withoutAll(
                        catalog,
                        culprits.stream()
                                .filter(MigrationExplanation::dependsOnHost)
                                .toList()),
                culprits.stream()
                        .flatMap(feature -> feature.property().stream())
                        .map(property -> property + "=off")
                        .toList());
    }

    private static List<Feature> refusedByHost(FeatureSet allowed) {
        return Arrays.stream(Feature.values())
                .filter(MigrationExplanation::dependsOnHost)
                .filter(feature -> !allowed.has(feature))
                .toList();
    }

    private static boolean has(FeatureSet set, int number) {
        long word = number < Long.SIZE ? set.low() : set.high();
        return (word >>> number & 1) != 0;
    }

    /**
     * The bits that stop the migration.
     *
     * @return the bits; empty when the features are not the reason
     */
    public List<Bit> stopping() {
        return bits.stream().filter(Bit::stops).toList();
    }

    private static boolean dependsOnHost(Feature feature) {
        for (HostCapability capability : HostCapability.values()) {
            if (capability.essential() && capability.features().contains(feature)) {
                return true;
            }
        }
        return false;
    }

    private static Optional<PlatformDefinition> withoutAll(PlatformCatalog catalog, List<Feature> features) {
        if (features.isEmpty()) {
            return Optional.empty();
        }
        return mainline(catalog).stream()
                .filter(platform -> features.stream().noneMatch(platform::promises))
                .findFirst();
    }

    /** The oldest machine of the default line after the newest one that says off. */
    private static Optional<String> sinceMachine(PlatformCatalog catalog, Property property) {
        String line = lineOf(catalog.defaultMachine());
        Optional<String> newer = Optional.empty();
        for (MachineDefinition machine : catalog.machines()) {
            if (!lineOf(machine).equals(line)) {
                continue;
            }
            Assignment assignment = machine.assignments().get(property);
            if (assignment != null && assignment.value().equals(Property.OFF)) {
                return newer;
            }
            newer = Optional.of(machine.name());
        }
        return Optional.empty();
    }

    private static String lineOf(MachineDefinition machine) {
        int version = machine.name().lastIndexOf('-');
        return version < 0 ? machine.name() : machine.name().substring(0, version);
    }

    /** The oldest platform from which on every newer one promises it, when an older one does not. */
    private static Optional<String> sincePlatform(PlatformCatalog catalog, Feature feature) {
        Optional<String> newer = Optional.empty();
        for (PlatformDefinition platform : mainline(catalog)) {
            if (!platform.promises(feature)) {
                return newer;
            }
            newer = Optional.of(platform.name());
        }
        return Optional.empty();
    }

    private static List<PlatformDefinition> mainline(PlatformCatalog catalog) {
        return catalog.platforms().stream()
                .filter(platform -> platform.line().equals(PlatformDefinition.MAINLINE))
                .toList();
    }
}
