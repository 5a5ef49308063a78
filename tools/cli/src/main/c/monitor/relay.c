// SPDX-License-Identifier: Apache-2.0
// Relays one client's connection in both directions, so that neither side blocks the other.
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

// The maximum number of descriptors that Linux passes with one message.
#define DESCRIPTORS_MOST 253
// Messages with descriptors that can wait for the end of the command that they came with.
#define BATCHES_MOST 8
// The time in milliseconds for which data of an ended QEMU is kept for a client that does not read.
#define LINGER 5000

struct batch {
    int count;
    int all[DESCRIPTORS_MOST];
};

struct side {
    int fd;
    // The end of the input was reached.
    bool ended;
};

static struct {
    struct side client;
    struct side inner;
    // Descriptors from the client that were not sent to QEMU yet, in order.
    struct batch batches[BATCHES_MOST];
    int batch_count;
    // Descriptors from QEMU that were not sent to the client yet.
    struct batch answer_batch;
    // The number of bytes of commands_out that were sent.
    size_t commands_sent;
    // The next segment, and the number of its bytes that were sent.
    size_t segment, segment_sent;
    bool inner_shut;
} now;

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MOST)];
};

static void close_batch(struct batch *batch) {
    for (int i = 0; i < batch->count; i++) {
        close(batch->all[i]);
    }
    batch->count = 0;
}

static void collect(struct msghdr *message, struct batch *into) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + sizeof(int) * (size_t)i, sizeof fd);
            if (into->count < DESCRIPTORS_MOST) {
                into->all[into->count++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

// Returns the number of bytes read, 0 at the end, -1 when no data is available.
static ssize_t receive(int fd, char *bytes, size_t room, struct batch *descriptors) {
    static union control control;
    struct iovec vector = {bytes, room};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    }
    collect(&message, descriptors);
    return got;
}

// Returns the number of bytes sent, 0 when the socket is full, -1 when the peer has closed. Descriptors are sent with the first byte.
static ssize_t transmit(int fd, struct iovec *vectors, size_t count, struct batch *descriptors) {
    static union control control;
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = count};
    if (descriptors->count > 0) {
        size_t size = sizeof(int) * (size_t)descriptors->count;
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), descriptors->all, size);
    }
    ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    close_batch(descriptors);
    return sent;
}

static bool commands_left(void) { return now.commands_sent < commands_length; }

// Returns false when QEMU accepts no more data.
static bool flush_commands(void) {
    static struct batch none;
    while (commands_left()) {
        size_t left = commands_length - now.commands_sent;
        bool with = now.batch_count > 0;
        // A message with descriptors ends where the next descriptors start.
        struct iovec vector = {commands_out + now.commands_sent, with && now.batch_count > 1 ? 1 : left};
        ssize_t sent = transmit(now.inner.fd, &vector, 1, with ? &now.batches[0] : &none);
        if (sent < 0) {
            return false;
        }
        if (sent == 0) {
            return true;
        }
        now.commands_sent += (size_t)sent;
        if (with) {
            now.batch_count--;
            memmove(&now.batches[0], &now.batches[1], sizeof now.batches[0] * (size_t)now.batch_count);
        }
    }
    commands_length = now.commands_sent = 0;
    if (now.client.ended && !now.inner_shut) {
        shutdown(now.inner.fd, SHUT_WR);
        now.inner_shut = true;
    }
    return true;
}

static bool read_client(void) {
    static char chunk[CHUNK];
    struct batch *descriptors = &now.batches[now.batch_count];
    descriptors->count = 0;
    ssize_t got = receive(now.client.fd, chunk, sizeof chunk, descriptors);
    if (got < 0) {
        return true;
    }
    if (got == 0) {
        close_batch(descriptors);
        now.client.ended = true;
        commands_let_pass();
        return flush_commands();
    }
    if (descriptors->count > 0 && ++now.batch_count == BATCHES_MOST - 1) {
        commands_let_pass();
    }
    commands_take(chunk, (size_t)got);
    return flush_commands();
}

static bool answers_left(void) { return now.segment < segments.count; }

// Returns false when the client accepts no more data.
static bool flush_answers(void) {
    do {
        while (answers_left()) {
            struct iovec vectors[64];
            size_t count = 0;
            size_t skip = now.segment_sent;
            for (size_t i = now.segment; i < segments.count && count < 64; i++) {
                // Only read from; struct iovec has no other kind of pointer.
                vectors[count++] = (struct iovec){(char *)(uintptr_t)segments.all[i].at + skip, segments.all[i].length - skip};
                skip = 0;
            }
            ssize_t sent = transmit(now.client.fd, vectors, count, &now.answer_batch);
            if (sent < 0) {
                return false;
            }
            if (sent == 0) {
                return true;
            }
            size_t done = now.segment_sent + (size_t)sent;
            while (now.segment < segments.count && done >= segments.all[now.segment].length) {
                done -= segments.all[now.segment++].length;
            }
            now.segment_sent = done;
        }
        now.segment = now.segment_sent = 0;
    } while (answers_sent());
    return true;
}

static bool read_inner(void) {
    size_t room;
    char *into = answers_room(&room);
    ssize_t got = receive(now.inner.fd, into, room, &now.answer_batch);
    if (got < 0) {
        return true;
    }
    if (got == 0) {
        now.inner.ended = true;
        return true;
    }
    answers_take((size_t)got);
    return !segments.overflow && flush_answers();
}

static struct pollfd wanted(int fd, bool in, bool out) {
    // Removed from the set, because a hang-up is reported even without events and would keep the loop busy.
    return (struct pollfd){.fd = in || out ? fd : -1, .events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0))};
}

static bool step(struct qemu *qemu, int *listening) {
    struct pollfd polled[3] = {
        wanted(now.client.fd, !now.client.ended && !commands_left(), answers_left()),
        wanted(now.inner.fd, !now.inner.ended && !answers_left(), !now.inner.ended && commands_left()),
        {.fd = qemu->ended ? -1 : qemu->pidfd, .events = POLLIN},
    };
    if (!now.inner.ended) {
        // Also while no event is needed: a hang-up shows that the client has disconnected.
        polled[0].fd = now.client.fd;
    }
    int ready = poll(polled, 3, qemu->ended && answers_left() ? LINGER : -1);
    if (ready < 0) {
        return errno == EINTR;
    }
    if (ready == 0) {
        return false;
    }
    if (polled[2].revents != 0) {
        qemu_check(qemu);
        if (qemu->ended && *listening >= 0) {
            close(*listening);
            *listening = -1;
        }
    }
    if (polled[1].revents & (POLLIN | POLLHUP | POLLERR) && !now.inner.ended && !answers_left() && !read_inner()) {
        return false;
    }
    if (polled[0].revents & POLLOUT && !flush_answers()) {
        return false;
    }
    if (now.inner.ended) {
        return answers_left();
    }
    if (polled[1].revents & POLLOUT && !flush_commands()) {
        // Data that QEMU sent before it closed must still be read.
        commands_length = now.commands_sent = 0;
        now.client.ended = true;
    }
    if (polled[0].revents & POLLIN && !commands_left() && !now.client.ended && !read_client()) {
        commands_length = now.commands_sent = 0;
        now.client.ended = true;
    }
    // As in QEMU, nothing more is read from a client that has hung up.
    return !(polled[0].revents & (POLLHUP | POLLERR) && (now.client.ended || commands_left()));
}

void relay(struct qemu *qemu, int client, int *listening) {
    now.client = (struct side){.fd = client};
    now.inner = (struct side){.fd = qemu_connect(qemu)};
    if (now.inner.fd < 0) {
        return;
    }
    now.batch_count = now.answer_batch.count = 0;
    now.commands_sent = now.segment = now.segment_sent = 0;
    now.inner_shut = false;
    commands_reset();
    answers_reset();
    while (step(qemu, listening)) {
    }
    for (int i = 0; i < now.batch_count; i++) {
        close_batch(&now.batches[i]);
    }
    close_batch(&now.answer_batch);
    close(now.inner.fd);
}

static void watch(struct qemu *qemu, pid_t pid) {
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0) {
        close(qemu->pidfd);
        qemu->pidfd = pidfd;
        qemu->pid = pid;
        qemu->ended = false;
    }
}

int qemu_connect(struct qemu *qemu) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", qemu->inner);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    while (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        if (errno == EINTR) {
            continue;
        }
        close(fd);
        fd = -1;
    }
    // The process that called listen(): first this program, then QEMU, even after it became a daemon.
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0 && peer.pid != qemu->pid &&
        peer.pid != qemu->creator) {
        watch(qemu, peer.pid);
    }
    return fd;
}

void qemu_check(struct qemu *qemu) {
    qemu->ended = true;
    int fd = qemu_connect(qemu);
    if (fd >= 0) {
        close(fd);
    }
}
