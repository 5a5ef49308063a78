// SPDX-License-Identifier: Apache-2.0
/**
 * {@code run --metrics}: an HTTP server with metrics for Prometheus and a human-readable page. Everything is read on
 * request; nothing is done for each frame. Entered by the server's own threads. Loaded only when the option is given.
 */
package org.vhost4j.tools.metrics;
