// SPDX-License-Identifier: Apache-2.0
/** The network device and the ports that frames move between. Entered by the owning lane only. */
@org.jspecify.annotations.NullMarked
package org.vhost4j.device.net;
