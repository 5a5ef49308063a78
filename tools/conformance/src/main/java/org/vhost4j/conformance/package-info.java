// SPDX-License-Identifier: Apache-2.0
/**
 * The conformance suite for vhost-user-net back-ends: named cases, each with the section of the specification that it checks. Cases run one
 * after the other, each on a new connection.
 *
 * <p>A new case goes into a {@link org.vhost4j.conformance.CaseGroup} of package {@code cases}. A case runs in a
 * separate thread, and nothing else runs meanwhile.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance;
