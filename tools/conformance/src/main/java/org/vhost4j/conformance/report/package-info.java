// SPDX-License-Identifier: Apache-2.0
/** What a run of the suite found, as text, JUnit XML and HTML. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.report;
