// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** What to do when the host lacks something that a promise to the guest stands on. */
public enum MissingPolicy {
    /** Do not start. */
    REFUSE,
    /** Do it in software where the back-end can, so that the guest sees the same bits. */
    EMULATE
}
