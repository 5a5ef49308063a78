// SPDX-License-Identifier: Apache-2.0
/** The report of a run of the suite as text, JUnit XML and HTML. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.report;
