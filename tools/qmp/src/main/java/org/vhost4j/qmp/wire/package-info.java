// SPDX-License-Identifier: Apache-2.0
/**
 * JSON as QEMU's monitor reads and writes it (QEMU docs/interop/qmp-spec.rst): bytes in, {@code JsonNode}s out, and back.
 *
 * <p>Only the value classes are Jackson's. A monitor needs more than a JSON parser offers: strings in single quotes, messages in pieces or
 * several in one packet, an error with line and column for each invalid message, and continuing after that error. The behaviour is that of
 * QEMU 11.1; a test compares it with a real QEMU. Objects of this package belong to one thread, the client's.
 */
@org.jspecify.annotations.NullMarked
package org.vhost4j.qmp.wire;
