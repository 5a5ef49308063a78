// SPDX-License-Identifier: Apache-2.0
/* QEMU's monitors for which vhost4j-monitor acts as a proxy. */
#ifndef VHOST4J_MONITORS_H
#define VHOST4J_MONITORS_H

/*
 * Processes one keyword of an answer and its value.
 *
 *   monitor N          N is a listening socket of the caller: vhost4j-monitor gets it, and QEMU gets another socket as N
 *   monitor N:PATH     the same with a new socket, which is created at PATH as QEMU would create it; N is an unused descriptor number
 *   monitor-data TEXT  the data about platforms for vhost4j-monitor
 *
 * Returns 0 for any other keyword. The value must stay valid until QEMU is executed.
 */
int monitor_word(const char *keyword, char *value);

/*
 * Passes the monitors to the process that serves all guests of this user, if there is one at /run/vhost4j/monitor-UID.sock, or otherwise to
 * the program vhost4j-monitor in the directory of this one. Returns when clients may connect. The processes are not children of QEMU.
 */
void start_monitors(void);

#endif
