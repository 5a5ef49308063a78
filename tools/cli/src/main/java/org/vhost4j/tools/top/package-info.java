// SPDX-License-Identifier: Apache-2.0
/** {@code vhost4j top} and {@code vhost4j stats}: what a running back-end does, asked over its monitor. */
package org.vhost4j.tools.top;
