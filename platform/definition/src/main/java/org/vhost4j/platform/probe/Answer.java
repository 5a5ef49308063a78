// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.probe;

/**
 * The result of probing a host for a capability.
 *
 * @param verdict whether the host has the capability
 * @param asked the call that was made
 * @param said the call's result, such as the name of an errno; for {@link Verdict#UNKNOWN} the reason why there is none
 */
public record Answer(Verdict verdict, String asked, String said) {
    /** The verdict on whether a host has a capability. */
    public enum Verdict {
        /** The host has the capability. */
        YES,
        /** The host does not have the capability. */
        NO,
        /** The host could not be probed. */
        UNKNOWN;

        /**
         * Returns the name in JSON and tables.
         *
         * @return the word in lower case
         */
        public String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * Returns the result that the host has a capability.
     *
     * @param asked the call that was made
     * @param said the result of the call
     * @return the result
     */
    public static Answer yes(String asked, String said) {
        return new Answer(Verdict.YES, asked, said);
    }

    /**
     * Returns the result that the host does not have a capability.
     *
     * @param asked the call that was made
     * @param said the result of the call
     * @return the result
     */
    public static Answer no(String asked, String said) {
        return new Answer(Verdict.NO, asked, said);
    }

    /**
     * Returns the result that the host could not be probed.
     *
     * @param asked the call that would have been made
     * @param why the reason, such as {@code needs CAP_NET_ADMIN}
     * @return the result
     */
    public static Answer unknown(String asked, String why) {
        return new Answer(Verdict.UNKNOWN, asked, why);
    }

    /**
     * Returns whether the host certainly has the capability.
     *
     * @return false for {@link Verdict#NO} and {@link Verdict#UNKNOWN}
     */
    public boolean isYes() {
        return verdict == Verdict.YES;
    }

    /**
     * Returns the result as text for a message.
     *
     * @return text such as {@code missing (TUNSETOFFLOAD CSUM|USO4|USO6: EINVAL)}
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
