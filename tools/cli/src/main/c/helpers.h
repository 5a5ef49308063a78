// SPDX-License-Identifier: Apache-2.0
/* Programs that run beside QEMU, started by what becomes QEMU. */
#ifndef VHOST4J_HELPERS_H
#define VHOST4J_HELPERS_H

/* Prints "vhost4j: WHAT: WHY" and ends with status 1. */
void fail(const char *what, const char *why) __attribute__((noreturn));

/*
 * Takes one keyword of an answer and its value.
 *
 *   helper PATH             a program; the words that follow are its own
 *   helper-argument WORD    its next argument, behind its name
 *   helper-descriptor N     a descriptor of the caller's that it inherits under the same number; all others are closed, and 0, 1 and 2
 *                           lead to /dev/null (2 stays when it is named)
 *
 * Returns 0 when the keyword is no helper's. The value stays where it is until QEMU is there.
 */
int helper_word(const char *keyword, char *value);

/*
 * Starts the programs, in the order in which they were named, and returns when each has said that it is ready: by closing its standard
 * output or ending. They are no children of QEMU's: it would never wait for them.
 */
void start_helpers(void);

#endif
