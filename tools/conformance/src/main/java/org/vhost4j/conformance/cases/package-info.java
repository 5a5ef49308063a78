// SPDX-License-Identifier: Apache-2.0
/** The cases of the suite, a group a file. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.cases;
