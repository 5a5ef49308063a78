// SPDX-License-Identifier: Apache-2.0
/** JUnit runs the suite: {@link org.vhost4j.conformance.junit.BackEnd} starts a back-end for a test class. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.conformance.junit;
