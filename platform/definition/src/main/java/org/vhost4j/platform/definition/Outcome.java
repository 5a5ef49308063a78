// SPDX-License-Identifier: Apache-2.0
package org.vhost4j.platform.definition;

/** What resolving ends in: the whole promise, or a refusal. There is nothing in between. */
public sealed interface Outcome permits Resolution, Refusal {}
