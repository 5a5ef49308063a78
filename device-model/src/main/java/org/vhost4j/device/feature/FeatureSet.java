// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.device.feature;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * An immutable set of feature bits 0 to 127, including bits that {@link Feature} does not define.
 *
 * @param low bits 0 to 63: the u64 of vhost-user feature messages
 * @param high bits 64 to 127
 */
public record FeatureSet(long low, long high) {
    /** The empty set. */
    public static final FeatureSet EMPTY = new FeatureSet(0, 0);

    /**
     * Returns the set of features in a 64-bit mask.
     *
     * @param word bits 0 to 63
     * @return the set
     */
    public static FeatureSet ofWord(long word) {
        return new FeatureSet(word, 0);
    }

    /**
     * Returns a set of features.
     *
     * @param features the members
     * @return the set
     */
    public static FeatureSet of(Collection<Feature> features) {
        long low = 0;
        long high = 0;
        for (Feature feature : features) {
            if (feature.bit() < Long.SIZE) {
                low |= 1L << feature.bit();
            } else {
                high |= 1L << (feature.bit() - Long.SIZE);
            }
        }
        return new FeatureSet(low, high);
    }

    /**
     * Returns a set of features.
     *
     * @param features the members
     * @return the set
     */
    public static FeatureSet of(Feature... features) {
        return of(List.of(features));
    }

    /**
     * Returns whether a feature is a member.
     *
     * @param feature the feature
     * @return true when its bit is set
     */
    public boolean has(Feature feature) {
        int bit = feature.bit();
        return bit < Long.SIZE ? (low >>> bit & 1) != 0 : (high >>> (bit - Long.SIZE) & 1) != 0;
    }

    /**
     * Returns the union with another set.
     *
     * @param other the other set
     * @return the bits that are in either set
     */
    public FeatureSet plus(FeatureSet other) {
        return new FeatureSet(low | other.low, high | other.high);
    }

    /**
     * Returns the members that are not in another set.
     *
     * @param other the other set
     * @return the bits of this set that are not in the other
     */
    public FeatureSet minus(FeatureSet other) {
        return new FeatureSet(low & ~other.low, high & ~other.high);
    }

    /**
     * Returns the intersection with another set.
     *
     * @param other the other set
     * @return the bits that are in both sets
     */
    public FeatureSet and(FeatureSet other) {
        return new FeatureSet(low & other.low, high & other.high);
    }

    /**
     * Returns whether no bit is set.
     *
     * @return true for the empty set
     */
    public boolean isEmpty() {
        return (low | high) == 0;
    }

    /**
     * Returns the feature dependencies of the specification that this set violates.
     *
     * @return one sentence for each, such as {@code HOST_USO needs CSUM}; empty when the set may be offered
     */
    public List<String> violations() {
        List<String> broken = new ArrayList<>();
        for (Feature feature : Feature.values()) {
            if (!has(feature)) {
                continue;
            }
            for (Set<Feature> anyOf : feature.requires()) {
                if (anyOf.stream().noneMatch(this::has)) {
                    broken.add(feature + " needs "
                            + String.join(
                                    " or ", anyOf.stream().map(Feature::name).toList()));
                }
            }
        }
        return broken;
    }

    /**
     * Returns the names of the members in the order of their bits; a bit that {@link Feature} does not define is named
     * {@code BIT_n}.
     *
     * @return the names
     */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (int bit = 0; bit < 2 * Long.SIZE; bit++) {
            long word = bit < Long.SIZE ? low : high;
            if ((word >>> bit & 1) != 0) {
                int number = bit;
                names.add(Feature.ofBit(bit).map(Feature::name).orElseGet(() -> "BIT_" + number));
            }
        }
        return names;
    }

    /**
     * Returns the set as QEMU prints it.
     *
     * @return {@code 0x} and 1 to 16 digits, or 17 to 32 when a bit above 63 is set
     */
    public String hex() {
        return high == 0 ? "0x" + Long.toHexString(low) : "0x" + Long.toHexString(high) + String.format("%016x", low);
    }

    @Override
    public String toString() {
        return String.join(" ", names());
    }
}
