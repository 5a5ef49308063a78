// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_HELPERS 64
#define MOST_WORDS 64

struct helper {
    char *words[MOST_WORDS + 1];
    int word_count;
    int descriptors[MOST_WORDS];
    int descriptor_count;
};

static struct helper helpers[MOST_HELPERS];
static int helper_count;

int helper_word(const char *keyword, char *value)
{
    if (strcmp(keyword, "helper") == 0) {
        if (helper_count == MOST_HELPERS) {
            fail(value, "is one helper program too many");
        }
        struct helper *helper = &helpers[helper_count++];
        helper->words[helper->word_count++] = value;
        return 1;
    }
    if (helper_count == 0) {
        return 0;
    }
    struct helper *helper = &helpers[helper_count - 1];
    if (strcmp(keyword, "helper-argument") == 0 && helper->word_count < MOST_WORDS) {
        helper->words[helper->word_count++] = value;
        return 1;
    }
    if (strcmp(keyword, "helper-descriptor") == 0 && helper->descriptor_count < MOST_WORDS) {
        helper->descriptors[helper->descriptor_count++] = atoi(value);
        return 1;
    }
    return 0;
}

/* Has every descriptor from 3 on closed by exec. */
static void close_by_exec(void)
{
    const unsigned cloexec = 4; /* CLOSE_RANGE_CLOEXEC, since Linux 5.11 */
    if (syscall(436 /* close_range */, 3U, ~0U, cloexec) == 0) {
        return;
    }
    long most = sysconf(_SC_OPEN_MAX);
    for (int i = 3; i < (most < 0 ? 65536 : most); i++) {
        fcntl(i, F_SETFD, FD_CLOEXEC);
    }
}

static int keeps(const struct helper *helper, int descriptor)
{
    for (int i = 0; i < helper->descriptor_count; i++) {
        if (helper->descriptors[i] == descriptor) {
            return 1;
        }
    }
    return 0;
}

/* In the helper's own process. */
static void become_helper(const struct helper *helper, int ready)
{
    for (int signal_number = 1; signal_number < NSIG; signal_number++) {
        signal(signal_number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int out = fcntl(ready, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || (!keeps(helper, 2) && dup2(null, 2) < 0)) {
        fail(helper->words[0], strerror(errno));
    }
    close_by_exec();
    for (int i = 0; i < helper->descriptor_count; i++) {
        fcntl(helper->descriptors[i], F_SETFD, 0);
    }
    execv(helper->words[0], (char *const *) helper->words);
    fail(helper->words[0], strerror(errno));
}

static void start(const struct helper *helper)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) {
        fail("cannot make a pipe", strerror(errno));
    }
    pid_t between = fork();
    if (between < 0) {
        fail("cannot start a process", strerror(errno));
    }
    if (between == 0) {
        /* The process between ends at once: the helper then belongs to init. */
        setsid();
        if (fork() == 0) {
            become_helper(helper, ready[1]);
        }
        _exit(0);
    }
    close(ready[1]);
    while (waitpid(between, NULL, 0) < 0 && errno == EINTR) {
    }
    char said[256];
    ssize_t got;
    do {
        got = read(ready[0], said, sizeof said);
    } while (got > 0 || (got < 0 && errno == EINTR));
    close(ready[0]);
}

void start_helpers(void)
{
    for (int i = 0; i < helper_count; i++) {
        start(&helpers[i]);
    }
}
