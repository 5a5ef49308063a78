// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.sys;

import java.util.BitSet;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;

/**
 * A set of processor cores by the numbers that Linux gives them, written as the kernel does: {@code 0,2-5} (cpuset(7), "List
 * format"). Immutable.
 */
public final class CoreSet implements Iterable<Integer> {
    /** One more than the largest number of a core: the maximum for which the kernel can be built. */
    public static final int MOST = 8192;

    /** The empty set. */
    public static final CoreSet NONE = new CoreSet(new BitSet());

    private final BitSet cores;

    private CoreSet(BitSet cores) {
        this.cores = cores;
    }

    /**
     * Returns a set of cores.
     *
     * @param cores the cores, each 0 to {@value #MOST} - 1
     * @return the set
     */
    public static CoreSet of(IntStream cores) {
        BitSet set = new BitSet();
        cores.forEach(set::set);
        return new CoreSet(set);
    }

    /**
     * Parses a list of cores.
     *
     * @param list numbers and ranges with commas between them, such as {@code 0,2-5}
     * @return the set, which is not empty
     * @throws IllegalArgumentException when the syntax is invalid; the message names the invalid part
     */
    public static CoreSet parse(String list) {
        BitSet set = new BitSet();
        for (String part : list.split(",", -1)) {
            int dash = part.indexOf('-');
            int from = number(dash < 0 ? part : part.substring(0, dash), part);
            int to = dash < 0 ? from : number(part.substring(dash + 1), part);
            if (to < from) {
                throw new IllegalArgumentException("'" + part + "' ends before it begins");
            }
            set.set(from, to + 1);
        }
        return new CoreSet(set);
    }

    private static int number(String digits, String part) {
        if (digits.isEmpty()
                || digits.length() > 4
                || !digits.chars().allMatch(c -> c >= '0' && c <= '9')
                || Integer.parseInt(digits) >= MOST) {
            throw new IllegalArgumentException(
                    "'" + part + "' is no core and no range of cores, such as 0,2-5 with numbers below " + MOST);
        }
        return Integer.parseInt(digits);
    }

    /**
     * Reads an affinity mask.
     *
     * @param mask bit n % 8 of byte n / 8 is core n (sched_setaffinity(2))
     * @return the set
     */
    static CoreSet ofMask(byte[] mask) {
        return new CoreSet(BitSet.valueOf(mask));
    }

    /** Returns the affinity mask: {@value #MOST} bits. */
    byte[] mask() {
        byte[] mask = new byte[MOST / Byte.SIZE];
        byte[] set = cores.toByteArray();
        System.arraycopy(set, 0, mask, 0, set.length);
        return mask;
    }

    /**
     * Returns whether the set has a core.
     *
     * @param core number of the core
     * @return true when the set has it
     */
    public boolean contains(int core) {
        return cores.get(core);
    }

    /**
     * Returns the number of cores.
     *
     * @return at least 0
     */
    public int size() {
        return cores.cardinality();
    }

    /**
     * Returns whether the set is empty.
     *
     * @return true when it has no core
     */
    public boolean isEmpty() {
        return cores.isEmpty();
    }

    /**
     * Returns the core at a position of the list in ascending order.
     *
     * @param index 0 to {@link #size} - 1
     * @return number of the core
     */
    public int get(int index) {
        return cores.stream().skip(index).findFirst().orElseThrow(NoSuchElementException::new);
    }

    /**
     * Returns the cores that are not in another set.
     *
     * @param others the cores to leave out
     * @return a new set
     */
    public CoreSet without(CoreSet others) {
        BitSet rest = (BitSet) cores.clone();
        rest.andNot(others.cores);
        return new CoreSet(rest);
    }

    /**
     * Returns the cores that are in both sets.
     *
     * @param others the other set
     * @return a new set
     */
    public CoreSet and(CoreSet others) {
        BitSet both = (BitSet) cores.clone();
        both.and(others.cores);
        return new CoreSet(both);
    }

    @Override
    public Iterator<Integer> iterator() {
        return cores.stream().iterator();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CoreSet set && set.cores.equals(cores);
    }

    @Override
    public int hashCode() {
        return cores.hashCode();
    }

    /** Returns the set in the kernel's list format. */
    @Override
    public String toString() {
        StringBuilder list = new StringBuilder();
        for (int from = cores.nextSetBit(0); from >= 0; ) {
            int to = cores.nextClearBit(from) - 1;
            list.append(list.isEmpty() ? "" : ",").append(from);
            if (to > from) {
                list.append('-').append(to);
            }
            from = cores.nextSetBit(to + 1);
        }
        return list.toString();
    }
}
