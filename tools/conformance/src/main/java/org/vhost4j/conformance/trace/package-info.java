// SPDX-License-Identifier: Apache-2.0
/** Traces of cases: every message with its bytes, recorded while a case runs, and compared with those of another run. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.trace;
