// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** The policy for a host that lacks a capability which a promise to the guest needs. */
public enum MissingPolicy {
    /** The back-end does not start. */
    REFUSE,
    /** The back-end's software replaces the capability if possible, so that the guest is offered the same bits. */
    EMULATE
}
