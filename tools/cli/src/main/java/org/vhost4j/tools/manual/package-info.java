// SPDX-License-Identifier: Apache-2.0
/** Manual pages, made from what the commands tell picocli about themselves. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.manual;
