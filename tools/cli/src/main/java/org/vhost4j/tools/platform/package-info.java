// SPDX-License-Identifier: Apache-2.0
/** The commands that show, check and explain platforms. Each runs on the main thread. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools.platform;
