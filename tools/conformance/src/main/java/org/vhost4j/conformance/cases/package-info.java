// SPDX-License-Identifier: Apache-2.0
/** The cases of the suite, an area a file. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.cases;
