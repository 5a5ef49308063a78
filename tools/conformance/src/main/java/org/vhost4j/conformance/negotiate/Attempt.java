// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.conformance.negotiate;

/**
 * A negotiation that was tried.
 *
 * @param combination what was acknowledged
 * @param lawful whether the back-end had no reason to refuse
 * @param outcome what happened to it
 * @param detail how that showed, one clause; empty when it was accepted
 * @param frames how many frames came back as they should
 */
public record Attempt(Combination combination, boolean lawful, Outcome outcome, String detail, int frames) {
    /** Whether the back-end is right: it accepted what it offered, and withstood the rest. */
    public boolean isSound() {
        return outcome == Outcome.ACCEPTED || (outcome == Outcome.REFUSED && !lawful);
    }
}
