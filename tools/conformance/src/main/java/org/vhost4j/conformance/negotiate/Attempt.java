// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

/**
 * The result of one negotiation.
 *
 * @param combination the features that were acknowledged
 * @param lawful whether the back-end has no reason to refuse the combination
 * @param outcome the outcome of the negotiation
 * @param detail the symptom, in one clause; empty when the back-end accepted
 * @param frames the number of frames that returned correctly
 */
public record Attempt(Combination combination, boolean lawful, Outcome outcome, String detail, int frames) {
    /** Returns whether the back-end behaved correctly: it accepted what it had offered, and survived any other combination. */
    public boolean isSound() {
        return outcome == Outcome.ACCEPTED || (outcome == Outcome.REFUSED && !lawful);
    }
}
