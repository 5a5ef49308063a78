// SPDX-License-Identifier: Apache-2.0
/** Manual pages, made from the commands' picocli descriptions. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.manual;
