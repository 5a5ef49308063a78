// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** The result of a {@link Resolver}: the complete promise to a guest, or a refusal. */
public sealed interface Outcome permits Resolution, Refusal {}
