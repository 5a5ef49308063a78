// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** The result of a resolution: the complete promise, or a refusal. */
public sealed interface Outcome permits Resolution, Refusal {}
