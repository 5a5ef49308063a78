// SPDX-License-Identifier: Apache-2.0
// vhost4j-monitor --request FD     handles the request on FD; started by `vhost4j qemu`
// vhost4j-monitor --serve PATH     handles requests of every process of the same user; PATH `-`: systemd's descriptor 3
//
// A request is one message on a Unix socket of type SOCK_SEQPACKET, sent by the process that will execute QEMU:
//
//     vhost4j-monitor 1 N\n        with 1 + N descriptors: the data, and N listening sockets of monitors
//
// The answer has the same form:
//
//     ok\n                         with N listening sockets, which replace those in QEMU
//     error TEXT\n
//
// After that each monitor has one process, which ends with QEMU. The sockets that QEMU gets have no name: they are bound in a
// directory that only their user can enter, and reached through a descriptor.
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MONITORS_MOST 8
#define REQUEST_MOST 64
// The descriptor numbers of a process of one monitor.
#define LISTENING 3
#define PIDFD 4
#define INNER 5
// Time limit for receiving a request, in seconds.
#define PATIENCE 10

struct monitor {
    int listening;
    // The socket that QEMU listens on.
    int inner;
    // O_PATH: used to connect.
    int inner_path_fd;
    char inner_path[108];
    // Empty when the listening socket has no file.
    char outer_path[PATH_MAX];
    struct stat outer_file;
};

static struct monitor monitors[MONITORS_MOST];

static void answer(int connection, const char *text, const int *descriptors, int count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * MONITORS_MOST)];
    } control;
    struct iovec vector = {(char *)(uintptr_t)text, strlen(text)};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 0) {
        size_t size = sizeof(int) * (size_t)count;
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), descriptors, size);
    }
    while (sendmsg(connection, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static int refuse(int connection, const char *what, const char *why) {
    char text[512];
    snprintf(text, sizeof text, "error %s: %s\n", what, why);
    answer(connection, text, NULL, 0);
    return 1;
}

// Returns the number of received descriptors, or -1 for an invalid request.
static int read_request(int connection, int *descriptors) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * (1 + MONITORS_MOST))];
    } control;
    char text[REQUEST_MOST + 1];
    struct iovec vector = {text, REQUEST_MOST};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    while ((got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (got <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        return -1;
    }
    text[got] = 0;
    int count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            int more = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(descriptors + count, CMSG_DATA(header), sizeof(int) * (size_t)more);
            count += more;
        }
    }
    char expected[REQUEST_MOST];
    snprintf(expected, sizeof expected, "vhost4j-monitor 1 %d\n", count - 1);
    return count >= 2 && strcmp(text, expected) == 0 ? count : -1;
}

static bool has_option(int fd, int option, int value) {
    int is = -1;
    socklen_t size = sizeof is;
    return getsockopt(fd, SOL_SOCKET, option, &is, &size) == 0 && is == value;
}

static bool is_monitor(int fd) {
    return has_option(fd, SO_DOMAIN, AF_UNIX) && has_option(fd, SO_TYPE, SOCK_STREAM) && has_option(fd, SO_ACCEPTCONN, 1);
}

// Takes over the removal of the socket's file, which QEMU would remove when it ends.
static void find_outer_path(struct monitor *monitor) {
    struct sockaddr_un address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    if (getsockname(monitor->listening, (struct sockaddr *)&address, &size) < 0 || address.sun_path[0] == 0) {
        return;
    }
    char path[sizeof address.sun_path + 1];
    snprintf(path, sizeof path, "%.*s", (int)sizeof address.sun_path, address.sun_path);
    if (realpath(path, monitor->outer_path) == NULL || lstat(monitor->outer_path, &monitor->outer_file) < 0 ||
        !S_ISSOCK(monitor->outer_file.st_mode)) {
        monitor->outer_path[0] = 0;
    }
}

static void remove_outer_path(const struct monitor *monitor) {
    struct stat file;
    if (monitor->outer_path[0] != 0 && lstat(monitor->outer_path, &file) == 0 && file.st_dev == monitor->outer_file.st_dev &&
        file.st_ino == monitor->outer_file.st_ino) {
        unlink(monitor->outer_path);
    }
}

// The directory must be writable for this user, and the name must fit into a socket address.
static bool make_directory(char *path, size_t size) {
    const char *places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp", "/var/tmp"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i] == NULL || places[i][0] != '/' || strlen(places[i]) > 60 || strpbrk(places[i], "\"\\") != NULL) {
            continue;
        }
        snprintf(path, size, "%s/vhost4j-monitor-XXXXXX", places[i]);
        if (mkdtemp(path) != NULL) {
            return true;
        }
    }
    return false;
}

static const char *make_inner(struct monitor *monitor) {
    static char directory[96];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!make_directory(directory, sizeof directory)) {
        return "no directory can be made for its socket, neither in XDG_RUNTIME_DIR, TMPDIR, /tmp nor /var/tmp";
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/inner", directory);
    snprintf(monitor->inner_path, sizeof monitor->inner_path, "%s", address.sun_path);
    monitor->inner = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = monitor->inner >= 0 && bind(monitor->inner, (struct sockaddr *)&address, sizeof address) == 0;
    bool made = bound && listen(monitor->inner, 1) == 0;
    if (made) {
        monitor->inner_path_fd = open(address.sun_path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
        made = monitor->inner_path_fd >= 0;
    }
    const char *problem = made ? NULL : strerror(errno);
    if (bound) {
        unlink(address.sun_path);
    }
    rmdir(directory);
    return problem;
}

static void serve(struct monitor *monitor, struct qemu *qemu) {
    int listening = LISTENING;
    answers_paths(monitor->inner_path, monitor->outer_path);
    while (!qemu->ended) {
        struct pollfd polled[] = {{.fd = listening, .events = POLLIN}, {.fd = qemu->pidfd, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            break;
        }
        if (polled[1].revents != 0) {
            qemu_check(qemu);
            continue;
        }
        int client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0 && errno != EINTR && errno != EAGAIN && errno != ECONNABORTED) {
            break;
        }
        if (client >= 0) {
            relay(qemu, client, &listening);
            close(client);
        }
    }
    remove_outer_path(monitor);
}

// Runs the process of one monitor, which keeps only three descriptors of its parent.
static _Noreturn void become_worker(struct monitor *monitor, struct qemu *qemu) {
    int kept[] = {monitor->listening, qemu->pidfd, monitor->inner_path_fd};
    for (int i = 0; i < 3; i++) {
        kept[i] = fcntl(kept[i], F_DUPFD, 16);
    }
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) {
        if (kept[i] < 0 || dup2(kept[i], LISTENING + i) < 0 || (null >= 0 ? dup2(null, i) : close(i)) < 0) {
            _exit(1);
        }
    }
    syscall(SYS_close_range, INNER + 1, ~0U, 0);
    qemu->pidfd = PIDFD;
    snprintf(qemu->inner, sizeof qemu->inner, "/proc/self/fd/%d", INNER);
    setsid();
    for (int signal_number = 1; signal_number < 32; signal_number++) {
        signal(signal_number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/") < 0) {
        _exit(1);
    }
    serve(monitor, qemu);
    _exit(0);
}

static int take_request(int connection) {
    int descriptors[1 + MONITORS_MOST];
    int inner[MONITORS_MOST];
    static struct qemu qemu;
    struct ucred peer;
    socklen_t size = sizeof peer;
    int count = read_request(connection, descriptors) - 1;
    if (count < 0) {
        return refuse(connection, "the request", "it is not one of this version of vhost4j-monitor");
    }
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
        return refuse(connection, "the process of QEMU", strerror(errno));
    }
    qemu.pid = peer.pid;
    qemu.creator = getpid();
    qemu.pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    if (qemu.pidfd < 0) {
        return refuse(connection, "the process of QEMU", strerror(errno));
    }
    const char *problem = data_read(descriptors[0]);
    if (problem != NULL) {
        return refuse(connection, "the platforms", problem);
    }
    if (!mark_make()) {
        return refuse(connection, "random bytes", strerror(errno));
    }
    umask(077);
    for (int i = 0; i < count; i++) {
        monitors[i].listening = descriptors[1 + i];
        if (!is_monitor(monitors[i].listening)) {
            return refuse(connection, "a monitor", "it is not a listening Unix stream");
        }
        find_outer_path(&monitors[i]);
        problem = make_inner(&monitors[i]);
        if (problem != NULL) {
            return refuse(connection, "a monitor", problem);
        }
        inner[i] = monitors[i].inner;
    }
    for (int i = 0; i < count; i++) {
        pid_t worker = fork();
        if (worker < 0) {
            return refuse(connection, "a process", strerror(errno));
        }
        if (worker == 0) {
            become_worker(&monitors[i], &qemu);
        }
    }
    answer(connection, "ok\n", inner, count);
    return 0;
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "vhost4j-monitor: %s: %s\n", what, why);
    return 1;
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    // A socket without a listener was left by an earlier process.
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        errno = EADDRINUSE;
        return -1;
    }
    if (errno == ECONNREFUSED) {
        unlink(path);
    }
    umask(077);
    return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 128) == 0 ? fd : -1;
}

static int serve_all(const char *path) {
    int listening = strcmp(path, "-") == 0 ? 3 : listen_at(path);
    if (listening < 0 || !has_option(listening, SO_TYPE, SOCK_SEQPACKET) || !has_option(listening, SO_ACCEPTCONN, 1)) {
        return fail(path, listening < 0 ? strerror(errno) : "it is not a listening Unix socket of type SOCK_SEQPACKET");
    }
    // Children need not be waited for.
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            return fail(path, strerror(errno));
        }
        struct ucred peer;
        socklen_t size = sizeof peer;
        bool known = getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
        if (known && fork() == 0) {
            struct timeval patience = {.tv_sec = PATIENCE};
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            _exit(take_request(connection));
        }
        close(connection);
    }
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--serve") == 0) {
        return serve_all(arguments[2]);
    }
    if (count == 3 && strcmp(arguments[1], "--request") == 0) {
        char *end;
        long fd = strtol(arguments[2], &end, 10);
        if (*end != 0 || fd < 0 || fd > INT_MAX || !has_option((int)fd, SO_TYPE, SOCK_SEQPACKET)) {
            return fail("--request", "not the descriptor of a Unix socket of type SOCK_SEQPACKET");
        }
        return take_request((int)fd);
    }
    fprintf(stderr, "usage: vhost4j-monitor --serve PATH|-\n  stands between QEMU's monitors and their clients, and answers query-platforms\n");
    return 2;
}
