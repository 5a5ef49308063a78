// SPDX-License-Identifier: Apache-2.0
/* Ends vhost4j-qemu without executing QEMU. */
#ifndef VHOST4J_FAIL_H
#define VHOST4J_FAIL_H

/* Prints "vhost4j: WHAT: WHY" and ends with status 1. */
void fail(const char *what, const char *why) __attribute__((noreturn));

#endif
