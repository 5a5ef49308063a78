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
import org.jspecify.annotations.Nullable;
import org.vhost4j.device.feature.Feature;
import org.vhost4j.device.feature.FeatureSet;
import org.vhost4j.platform.probe.HostCapability;

/**
 * Explains why QEMU refused a guest's feature bits, and how to prevent that. Two messages of QEMU are recognized: a migration that failed
 * with {@code Features 0x... unsupported. Allowed features: 0x...}, and a start that failed with {@code vhost lacks feature mask ...}.
 *
 * @param cause the message that QEMU printed
 * @param device the kind of the device that the line after the message names; {@link DeviceKind#NET} if there is no such line; empty if the
 *     line names an unknown device
 * @param section the device's name in that line; empty if there is no such line
 * @param guest the bits that the guest had negotiated
 * @param allowed the bits that the destination offers
 * @param bits every bit that is in {@code guest} or {@code allowed}, the lowest first
 * @param suspects if no bit in these words stops the migration: the host-dependent bits that could have stopped it. QEMU 11.1 clears the
 *     bits that it refuses before it prints the guest's feature word, so its message does not contain them
 * @param refused further host-dependent bits that the destination does not offer, but that QEMU may offer on a host with another kernel.
 *     While they are on, other guests' migrations can fail, too
 * @param platform the newest mainline platform that promises none of the stopping, suspected or refused bits
 * @param settings properties that would have to be off, in the syntax of QEMU's {@code -device}
 */
public record MigrationExplanation(
        Cause cause,
        Optional<DeviceKind> device,
        String section,
        FeatureSet guest,
        FeatureSet allowed,
        List<Bit> bits,
        List<String> suspects,
        List<String> refused,
        Optional<PlatformDefinition> platform,
        List<String> settings) {
    /** QEMU's message. */
    public enum Cause {
        /** A migrated guest uses bits that the destination does not offer. */
        MIGRATION,
        /** The kernel's vhost device, or a vhost-user back-end, does not offer bits that QEMU or its guest needs. */
        BACK_END_LACKS
    }

    /**
     * A bit that the guest had negotiated, or that the destination offers, or both.
     *
     * @param number the bit's number
     * @param name the feature's name, or {@code BIT_n}
     * @param property QEMU's property for it, if it has one
     * @param inGuest whether the guest had negotiated it
     * @param isAllowed whether the destination offers it
     * @param sinceMachine the first machine version that enables it by default, if older versions do not
     * @param sincePlatform the first mainline platform that promises it, if older ones do not
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
         * Returns whether the migration fails because of this bit.
         *
         * @return true when the guest uses a bit that the destination does not offer
         */
        public boolean stops() {
            return inGuest && !isAllowed;
        }
    }

    private static final Pattern WORD = Pattern.compile("0[xX]([0-9a-fA-F]+)\\b");
    /** QEMU's message, which a terminal may have split into lines. */
    private static final Pattern MESSAGE = Pattern.compile(
            "Features\\s+(0x[0-9a-fA-F]+)\\s+unsupported\\.\\s+Allowed\\s+features:\\s+(0x[0-9a-fA-F]+)\\b");

    /** The line that names the device; it follows the message. */
    private static final Pattern SECTION =
            Pattern.compile("Failed\\s+to\\s+load\\s+([\\w-]+):|of\\s+device\\s+'(?:[^'\\s]*/)?([\\w-]+)'");
    /** Older releases of QEMU print the mask in decimal. */
    private static final Pattern LACKS =
            Pattern.compile("vhost\\s+lacks\\s+feature\\s+mask\\s+(0x[0-9a-fA-F]+|[0-9]+)\\b");

    private static final int MOST_DIGITS = 32;
    /** Maximum number of different messages of one log that are explained. */
    private static final int MOST_PAIRS = 64;

    /** Copies the lists. */
    public MigrationExplanation {
        bits = List.copyOf(bits);
        suspects = List.copyOf(suspects);
        refused = List.copyOf(refused);
        settings = List.copyOf(settings);
    }

    /**
     * Explains every refusal in a text.
     *
     * @param catalog the machines and platforms
     * @param text two hexadecimal feature words, the guest's first; or text that contains QEMU's message
     * @return an explanation for each pair of words found, at least one
     * @throws IllegalArgumentException when the text has neither a message nor exactly two words, or too many messages; the message is one
     *     sentence for the user
     */
    public static List<MigrationExplanation> allOf(PlatformCatalog catalog, String text) {
        Set<Told> told = new LinkedHashSet<>();
        Matcher message = MESSAGE.matcher(text);
        @Nullable MatchResult before = null;
        while (message.find()) {
            if (before != null) {
                add(told, migration(before, text, message.start()));
            }
            before = message.toMatchResult();
        }
        if (before != null) {
            add(told, migration(before, text, text.length()));
        }
        Matcher lacks = LACKS.matcher(text);
        while (lacks.find()) {
            add(told, new Told(Cause.BACK_END_LACKS, "", word(lacks.group(1)), new FeatureSet(0, 0), false));
        }
        if (told.isEmpty()) {
            // Any number of words but two is an error, so the rest of a long text is not searched.
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
            told.add(new Told(
                    Cause.MIGRATION,
                    "",
                    word(words.getFirst()),
                    word(words.getLast()),
                    isExtended(words.getFirst()) || isExtended(words.getLast())));
        }
        return told.stream().map(each -> of(catalog, each)).toList();
    }

    private static void add(Set<Told> told, Told one) {
        told.add(one);
        if (told.size() > MOST_PAIRS) {
            throw new IllegalArgumentException(
                    "There are more than " + MOST_PAIRS + " different messages of QEMU's: give the lines to explain.");
        }
    }

    /** Parses the message of a failed migration, and the line with the device between this message and the next one. */
    private static Told migration(MatchResult message, String text, int end) {
        Matcher section = SECTION.matcher(text).region(message.end(), end);
        String name = !section.find() ? "" : section.group(section.group(1) != null ? 1 : 2);
        return new Told(
                Cause.MIGRATION, name, word(message.group(1)), word(message.group(2)), isExtended(message.group(1)));
    }

    /**
     * Returns whether a feature word was printed by a QEMU that supports 128 feature bits (10.2 and newer); it prints all digits, including
     * zeros.
     */
    private static boolean isExtended(String word) {
        return word.length() > "0x".length() + Long.SIZE / 4;
    }

    /** The contents of a message; {@code extended} when it was printed by a QEMU that supports bits above 63. */
    private record Told(Cause cause, String section, FeatureSet guest, FeatureSet allowed, boolean extended) {
        Optional<DeviceKind> device() {
            return section.isEmpty() ? Optional.of(DeviceKind.NET) : DeviceKind.ofSection(section);
        }
    }

    private static FeatureSet word(String text) {
        boolean hexadecimal = text.startsWith("0x") || text.startsWith("0X");
        String digits = hexadecimal ? text.substring(2) : new BigInteger(text).toString(16);
        if (digits.length() > MOST_DIGITS) {
            throw new IllegalArgumentException(
                    text + " has " + digits.length() + " digits: a feature word has up to 32, which are 128 bits.");
        }
        BigInteger word = new BigInteger(digits, 16);
        return new FeatureSet(word.longValue(), word.shiftRight(Long.SIZE).longValue());
    }

    private static MigrationExplanation of(PlatformCatalog catalog, Told told) {
        FeatureSet guest = told.guest();
        FeatureSet allowed = told.allowed();
        Optional<DeviceKind> device = told.device();
        boolean net = device.equals(Optional.of(DeviceKind.NET));
        List<Bit> bits = new ArrayList<>();
        List<Feature> stopping = new ArrayList<>();
        for (int number = 0; number < 2 * Long.SIZE; number++) {
            boolean inGuest = has(guest, number);
            boolean isAllowed = has(allowed, number);
            if (!inGuest && !isAllowed) {
                continue;
            }
            // Machines and platforms are defined for network cards.
            Optional<Feature> feature = net ? Feature.ofBit(number) : Optional.empty();
            Bit bit = new Bit(
                    number,
                    name(device, number),
                    property(device, number),
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
        List<Feature> refused = net && told.cause() == Cause.MIGRATION ? refusedByHost(catalog, told) : List.of();
        List<Feature> suspects = nothingStops ? refused : List.of();
        List<Feature> culprits = new ArrayList<>(stopping);
        culprits.removeIf(feature -> !dependsOnHost(feature));
        Set<String> settings = new LinkedHashSet<>();
        bits.stream()
                .filter(Bit::stops)
                .map(Bit::property)
                .flatMap(Optional::stream)
                .forEach(settings::add);
        if (!culprits.isEmpty() || nothingStops) {
            // A platform that turns these bits off turns the others off as well.
            culprits.addAll(refused);
            refused.stream().map(Feature::property).flatMap(Optional::stream).forEach(settings::add);
        }
        return new MigrationExplanation(
                told.cause(),
                device,
                told.section(),
                guest,
                allowed,
                bits,
                suspects.stream().map(Feature::name).toList(),
                nothingStops || culprits.isEmpty()
                        ? List.of()
                        : refused.stream()
                                .filter(feature -> !stopping.contains(feature))
                                .map(Feature::name)
                                .toList(),
                withoutAll(catalog, culprits),
                settings.stream().map(property -> property + "=off").toList());
    }

    private static String name(Optional<DeviceKind> device, int number) {
        return (device.isPresent() ? device.get().featureName(number) : DeviceKind.sharedName(number))
                .orElse("BIT_" + number);
    }

    private static Optional<String> property(Optional<DeviceKind> device, int number) {
        return device.flatMap(kind -> kind.property(number));
    }

    /** Returns the features that this destination lacks and that depend on the version of the mainline kernel. */
    private static List<Feature> refusedByHost(PlatformCatalog catalog, Told told) {
        return Arrays.stream(Feature.values())
                .filter(MigrationExplanation::dependsOnHost)
                .filter(feature -> !told.allowed().has(feature))
                .filter(feature -> feature.bit() < Long.SIZE || told.extended())
                .filter(feature -> sincePlatform(catalog, feature).isPresent())
                .toList();
    }

    private static boolean has(FeatureSet set, int number) {
        long word = number < Long.SIZE ? set.low() : set.high();
        return (word >>> number & 1) != 0;
    }

    /**
     * Returns the bits that stop the migration.
     *
     * @return the bits; empty when no bit in the two words is the reason
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

    /** Returns the oldest machine of the default line after the newest one that turns the feature off. */
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

    /** Returns the oldest platform from which on all newer ones promise the feature, if an older one does not. */
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
