// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "monitors.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* These values must be the same in monitor/main.c. */
#define MOST_MONITORS 8
/* Time limit for a reply, in seconds. */
#define PATIENCE 20

struct monitor {
    int descriptor;
    /* The path of a socket to create; null for an existing socket. */
    const char *path;
};

static struct monitor monitors[MOST_MONITORS];
static int monitor_count;
static const char *data;

int monitor_word(const char *keyword, char *value)
{
    if (strcmp(keyword, "monitor-data") == 0) {
        data = value;
        return 1;
    }
    if (strcmp(keyword, "monitor") != 0) {
        return 0;
    }
    if (monitor_count == MOST_MONITORS) {
        fail(value, "is one monitor too many");
    }
    char *end;
    long descriptor = strtol(value, &end, 10);
    if (end == value || descriptor < 0 || descriptor > INT_MAX || (*end && *end != ':')) {
        fail(value, "is no descriptor of a monitor");
    }
    monitors[monitor_count++] = (struct monitor) {(int) descriptor, *end ? end + 1 : NULL};
    return 1;
}

/* Creates a listening socket as QEMU does for unix:PATH,server=on. */
static void make_socket(const struct monitor *monitor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(monitor->path) >= sizeof address.sun_path) {
        fail(monitor->path, "a socket's path has at most 107 characters");
    }
    strcpy(address.sun_path, monitor->path);
    if (fcntl(monitor->descriptor, F_GETFD) >= 0) {
        fail(monitor->path, "the number for its socket is in use");
    }
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || (unlink(monitor->path) < 0 && errno != ENOENT) ||
        bind(made, (struct sockaddr *) &address, sizeof address) < 0 || listen(made, 1) < 0) {
        fail(monitor->path, strerror(errno));
    }
    if (made != monitor->descriptor) {
        if (dup2(made, monitor->descriptor) < 0) {
            fail(monitor->path, strerror(errno));
        }
        close(made);
    } else {
        fcntl(made, F_SETFD, 0);
    }
}

static int write_data(void)
{
    size_t length = strlen(data), done = 0;
    int file = memfd_create("vhost4j-platforms", MFD_CLOEXEC);
    while (file >= 0 && done < length) {
        ssize_t put = write(file, data + done, length - done);
        if (put < 0 && errno != EINTR) {
            break;
        }
        done += put < 0 ? 0 : (size_t) put;
    }
    if (done < length) {
        fail("cannot write the platforms down", strerror(errno));
    }
    return file;
}

/* Connects to the process that serves all guests of this user; returns -1 if there is none. */
static int connect_to_service(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred peer;
    socklen_t size = sizeof peer;
    snprintf(address.sun_path, sizeof address.sun_path, "/run/vhost4j/monitor-%u.sock", (unsigned) geteuid());
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connection >= 0 && connect(connection, (struct sockaddr *) &address, sizeof address) == 0 &&
        getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0)) {
        return connection;
    }
    if (connection >= 0) {
        close(connection);
    }
    return -1;
}

/* Runs the program in the directory of this one. It ends when it has answered; its own children continue. */
static int start_program(pid_t *child)
{
    static char program[PATH_MAX + 32];
    ssize_t length = readlink("/proc/self/exe", program, PATH_MAX);
    if (length < 0) {
        fail("/proc/self/exe", strerror(errno));
    }
    program[length] = 0;
    char *slash = strrchr(program, '/');
    strcpy(slash ? slash + 1 : program, "vhost4j-monitor");
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        fail("cannot make a pair of sockets", strerror(errno));
    }
    *child = fork();
    if (*child < 0) {
        fail("cannot start a process", strerror(errno));
    }
    if (*child == 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", pair[1]);
        fcntl(pair[1], F_SETFD, 0);
        char *command[] = {program, "--request", number, NULL};
        execv(program, command);
        fprintf(stderr, "vhost4j: %s: %s\n", program, strerror(errno));
        _exit(1);
    }
    close(pair[1]);
    return pair[0];
}

static void send_request(int connection, int file)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * (1 + MOST_MONITORS))];
    } control;
    int all[1 + MOST_MONITORS] = {file};
    for (int i = 0; i < monitor_count; i++) {
        all[1 + i] = monitors[i].descriptor;
    }
    char text[32];
    snprintf(text, sizeof text, "vhost4j-monitor 1 %d\n", monitor_count);
    size_t size = sizeof(int) * (size_t) (1 + monitor_count);
    struct iovec vector = {text, strlen(text)};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(size)};
    control.header = (struct cmsghdr) {.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), all, size);
    if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0) {
        fail("vhost4j-monitor", strerror(errno));
    }
}

/* QEMU's sockets replace the caller's. */
static void take_answer(int connection)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * MOST_MONITORS)];
    } control;
    char text[600];
    struct iovec vector = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        fail("vhost4j-monitor", got < 0 ? strerror(errno) : "it ended without a reply; QEMU was not started");
    }
    text[got] = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (strcmp(text, "ok\n") != 0 || !header || header->cmsg_len != CMSG_LEN(sizeof(int) * (size_t) monitor_count)) {
        text[strcspn(text, "\n")] = 0;
        fail("vhost4j-monitor", strncmp(text, "error ", 6) == 0 ? text + 6 : "its reply is invalid; QEMU was not started");
    }
    for (int i = 0; i < monitor_count; i++) {
        int inner;
        memcpy(&inner, CMSG_DATA(header) + sizeof inner * (size_t) i, sizeof inner);
        if (dup2(inner, monitors[i].descriptor) < 0) {
            fail("a monitor", strerror(errno));
        }
        close(inner);
    }
}

void start_monitors(void)
{
    if (monitor_count == 0) {
        return;
    }
    for (int i = 0; i < monitor_count; i++) {
        if (monitors[i].path) {
            make_socket(&monitors[i]);
        }
    }
    if (!data) {
        fail("the check of the command line", "it names a monitor but no platforms; QEMU was not started");
    }
    int file = write_data();
    pid_t child = 0;
    int connection = connect_to_service();
    if (connection < 0) {
        connection = start_program(&child);
    }
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    send_request(connection, file);
    take_answer(connection);
    close(connection);
    close(file);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}
