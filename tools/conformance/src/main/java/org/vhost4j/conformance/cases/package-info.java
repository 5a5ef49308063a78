// SPDX-License-Identifier: Apache-2.0
/** The cases of the suite, one file for each group. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.cases;
