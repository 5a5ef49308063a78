// SPDX-License-Identifier: Apache-2.0
/**
 * Network access without root: the program passt, connected to a {@link org.vhost4j.host.stream.StreamPort}.
 *
 * <p>{@link org.vhost4j.host.passt.PasstPeer} belongs to the port's lane. {@link org.vhost4j.host.passt.PasstProcess} has a thread for as
 * long as the program runs.
 */
@NullMarked
package org.vhost4j.host.passt;

import org.jspecify.annotations.NullMarked;
