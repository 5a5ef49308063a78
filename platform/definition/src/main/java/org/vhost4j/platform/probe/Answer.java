// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * A host's answer for a capability.
 *
 * @param verdict whether the host has it
 * @param asked what was called
 * @param said the result, an errno by name, or for {@link Verdict#UNKNOWN} why there is none
 */
public record Answer(Verdict verdict, String asked, String said) {
    /** Whether a host has a capability. */
    public enum Verdict {
        /** It has. */
        YES,
        /** It has not. */
        NO,
        /** It could not be asked. */
        UNKNOWN;

        /**
         * The word in JSON and tables.
         *
         * @return lower case
         */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * The host has it.
     *
     * @param asked what was called
     * @param said what came back
     * @return the answer
     */
    public static Answer yes(String asked, String said) {
        return new Answer(Verdict.YES, asked, said);
    }

    /**
     * The host has it not.
     *
     * @param asked what was called
     * @param said what came back
     * @return the answer
     */
    public static Answer no(String asked, String said) {
        return new Answer(Verdict.NO, asked, said);
    }

    /**
     * The host could not be asked.
     *
     * @param asked what would have been called
     * @param why what is missing, such as {@code needs CAP_NET_ADMIN}
     * @return the answer
     */
    public static Answer unknown(String asked, String why) {
        return new Answer(Verdict.UNKNOWN, asked, why);
    }

    /**
     * Whether the host certainly has the capability.
     *
     * @return false for no and for unknown
     */
    public boolean isYes() {
        return verdict == Verdict.YES;
    }

    /**
     * The answer for a message.
     *
     * @return such as {@code missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)}
     */
    public String inWords() {
        String state = switch (verdict) {
            case YES -> "present";
            case NO -> "missing";
            case UNKNOWN -> "unknown";
        };
        return state + " (" + asked + ": " + said + ")";
    }
}
