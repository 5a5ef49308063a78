// SPDX-License-Identifier: Apache-2.0
/** The running kernel as the reference: what Linux does with the frames that our own software handles. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.oracle;
