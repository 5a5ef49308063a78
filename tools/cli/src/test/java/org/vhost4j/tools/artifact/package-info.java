// SPDX-License-Identifier: Apache-2.0
/** The artifacts, used by a Maven project that is not part of this one. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.artifact;
