// SPDX-License-Identifier: Apache-2.0
/**
 * The schema of the monitor, read from a file in QEMU's QAPI language (QEMU docs/devel/qapi-code-gen.rst), and what is derived from it: the
 * validation of arguments and answers, and introspection. Immutable after loading; any thread may read.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.qmp.schema;
