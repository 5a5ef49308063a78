// SPDX-License-Identifier: Apache-2.0
/** Traces of cases: every message with its bytes, written while a case runs, and compared with another run of it. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.trace;
