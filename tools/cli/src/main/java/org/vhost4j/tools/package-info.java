// SPDX-License-Identifier: Apache-2.0
/** The command line, the front-end driver and the guest lab. Nothing imports these packages. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.tools;
