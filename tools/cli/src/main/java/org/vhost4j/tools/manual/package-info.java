// SPDX-License-Identifier: Apache-2.0
/** Manual pages, generated from the commands' picocli models. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.manual;
