// SPDX-License-Identifier: Apache-2.0
/* Monitors of QEMU that have vhost4j-monitor between them and their clients. */
#ifndef VHOST4J_MONITORS_H
#define VHOST4J_MONITORS_H

/*
 * Takes one keyword of an answer and its value.
 *
 *   monitor N          a listening socket of the caller's: from now on vhost4j-monitor has it, and QEMU another one as N
 *   monitor N:PATH     the same with a socket that is made first, at PATH, as QEMU would have made it. N is the number of no descriptor
 *   monitor-data TEXT  what vhost4j-monitor is told of the platforms
 *
 * Returns 0 when the keyword is none of these. The value stays where it is until QEMU is there.
 */
int monitor_word(const char *keyword, char *value);

/*
 * Has the monitors served, and returns when clients may connect: by the process that serves all guests of this user, when there is one
 * at /run/vhost4j/monitor-UID.sock, or by the program vhost4j-monitor beside this one. The processes are no children of QEMU's.
 */
void start_monitors(void);

#endif
