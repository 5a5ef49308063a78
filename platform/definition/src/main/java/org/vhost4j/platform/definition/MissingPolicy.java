// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** The policy for a host that lacks a capability on which a promise to the guest depends. */
public enum MissingPolicy {
    /** The back-end does not start. */
    REFUSE,
    /** The back-end's software replaces the capability where it can, so that the guest sees the same bits. */
    EMULATE
}
