// SPDX-License-Identifier: Apache-2.0
/** {@code vhost4j top} and {@code vhost4j stats}: the activity of a running back-end, read through its monitor. */
package org.vhost4j.tools.top;
