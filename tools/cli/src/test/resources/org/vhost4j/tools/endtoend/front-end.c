// SPDX-License-Identifier: Apache-2.0
// A vhost-user front-end in a process of its own, small and quick to start, for tests that kill it.
//
//     front-end listen PATH         listens, and a child accepts and sends messages
//     front-end connect PATH        connects, and a child sends messages
//     front-end run PATH [STEP]     attaches, starts both rings and exchanges frames until it is ended; with STEP it ends itself by
//                                   SIGKILL at the STEP-th half message (before the payload, after it, and so on)
//
// The first two take commands from standard input: "child" starts a child, "kill" ends it. A child asks GET_FEATURES and prints
// "spoke", or "refused" when the connection ends instead; then it waits for the end of the connection.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, SET_MEM_TABLE = 5, SET_VRING_NUM = 8, SET_VRING_ADDR = 9,
    SET_VRING_BASE = 10, SET_VRING_KICK = 12, SET_VRING_CALL = 13, SET_VRING_ERR = 14, GET_PROTOCOL_FEATURES = 15,
    SET_PROTOCOL_FEATURES = 16, SET_VRING_ENABLE = 18
};
#define VERSION 1u
#define NEED_REPLY 8u
#define F_PROTOCOL_FEATURES (1ull << 30)
#define F_VERSION_1 (1ull << 32)
#define P_REPLY_ACK (1ull << 3)
#define SIZE 64
#define BUFFER 2048
#define MEMORY (2u << 20)

struct header { uint32_t request, flags, size; };
struct state { uint32_t index, num; };
struct address { uint32_t index, flags; uint64_t descriptors, used, avail, log; };
struct region { uint64_t guest, size, user, offset; };
struct table { uint32_t count, padding; struct region region; };

struct descriptor { uint64_t address; uint32_t length; uint16_t flags, next; };
struct avail { uint16_t flags, index, ring[SIZE]; };
struct used { uint16_t flags, index; struct { uint32_t id, length; } ring[SIZE]; };
struct queue {
    struct descriptor descriptors[SIZE];
    struct avail avail __attribute__((aligned(64)));
    struct used used __attribute__((aligned(64)));
    uint8_t buffers[SIZE][BUFFER] __attribute__((aligned(64)));
};

static long steps_left = -1;

static void step(void) {
    if (steps_left >= 0 && steps_left-- == 0)
        kill(getpid(), SIGKILL);
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int address_of(const char *path, int (*with)(int, const struct sockaddr *, socklen_t)) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    if (with(fd, (const struct sockaddr *) &to, sizeof to) != 0)
        die(path);
    return fd;
}

static int say(int fd, uint32_t request, uint32_t flags, const void *payload, uint32_t size, int passed) {
    struct header header = {request, VERSION | flags, size};
    struct iovec part = {&header, sizeof header};
    union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *first = CMSG_FIRSTHDR(&message);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(first), &passed, sizeof passed);
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) != (ssize_t) sizeof header)
        return -1;
    step();
    if (size != 0 && send(fd, payload, size, MSG_NOSIGNAL) != (ssize_t) size)
        return -1;
    step();
    return 0;
}

static int hear(int fd, uint64_t *value) {
    struct { struct header header; uint64_t value; } __attribute__((packed)) reply;
    if (recv(fd, &reply, sizeof reply, MSG_WAITALL) != (ssize_t) sizeof reply)
        return -1;
    *value = reply.value;
    return 0;
}

static void must(int result) {
    if (result != 0)
        exit(3);
}

static void number(int fd, uint32_t request, uint64_t value, int passed) {
    must(say(fd, request, 0, &value, sizeof value, passed));
}

static void ring(int fd, struct queue *queue, uint32_t index) {
    struct state size = {index, SIZE}, base = {index, 0}, on = {index, 1};
    struct address at = {index, 0, (uintptr_t) queue->descriptors, (uintptr_t) &queue->used, (uintptr_t) &queue->avail, 0};
    must(say(fd, SET_VRING_NUM, 0, &size, sizeof size, -1));
    must(say(fd, SET_VRING_BASE, 0, &base, sizeof base, -1));
    must(say(fd, SET_VRING_ADDR, 0, &at, sizeof at, -1));
    number(fd, SET_VRING_CALL, index, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    number(fd, SET_VRING_ERR, index, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    number(fd, SET_VRING_KICK, index, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    must(say(fd, SET_VRING_ENABLE, 0, &on, sizeof on, -1));
}

/** Makes used buffers available again; the back-end polls, or wakes within its own time. */
static uint16_t refill(struct queue *queue, uint16_t done) {
    uint16_t now = __atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE);
    uint16_t avail = queue->avail.index;
    for (; done != now; done++)
        queue->avail.ring[avail++ % SIZE] = (uint16_t) queue->used.ring[done % SIZE].id;
    __atomic_store_n(&queue->avail.index, avail, __ATOMIC_RELEASE);
    return now;
}

static void run(const char *path) {
    int file = memfd_create("front-end", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, MEMORY) != 0)
        die("memfd_create");
    uint8_t *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        die("mmap");
    struct queue *queues = (struct queue *) memory;
    for (int q = 0; q < 2; q++) {
        for (int i = 0; i < SIZE; i++) {
            uint64_t guest = (uint64_t) (queues[q].buffers[i] - memory);
            queues[q].descriptors[i] = (struct descriptor){guest, q == 0 ? BUFFER : 12 + 64, q == 0 ? 2 : 0, 0};
            // To the broadcast address, from an address of this process.
            uint8_t frame[14] = {255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, (uint8_t) (getpid() & 0x7f), 0x88, 0xb5};
            memcpy(queues[q].buffers[i] + 12, frame, sizeof frame);
            queues[q].avail.ring[i] = (uint16_t) i;
        }
        queues[q].avail.index = SIZE;
    }
    uint64_t offered, protocol;
    int fd = address_of(path, connect);
    // A back-end that has not yet noticed the end of the previous front-end closes the connection.
    for (int tries = 5000; say(fd, GET_FEATURES, 0, NULL, 0, -1) != 0 || hear(fd, &offered) != 0; tries--) {
        must(tries == 0);
        close(fd);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        fd = address_of(path, connect);
    }
    must(say(fd, GET_PROTOCOL_FEATURES, 0, NULL, 0, -1));
    must(hear(fd, &protocol));
    number(fd, SET_PROTOCOL_FEATURES, protocol & P_REPLY_ACK, -1);
    must(say(fd, SET_OWNER, 0, NULL, 0, -1));
    number(fd, SET_FEATURES, offered & (F_VERSION_1 | F_PROTOCOL_FEATURES), -1);
    struct table table = {1, 0, {0, MEMORY, (uintptr_t) memory, 0}};
    must(say(fd, SET_MEM_TABLE, NEED_REPLY, &table, sizeof table, file));
    uint64_t refused;
    must(hear(fd, &refused));
    must(refused != 0);
    ring(fd, &queues[0], 0);
    ring(fd, &queues[1], 1);
    if (write(STDOUT_FILENO, "runs\n", 5) != 5)
        exit(4);
    uint16_t received = 0, sent = 0;
    for (;;) {
        received = refill(&queues[0], received);
        sent = refill(&queues[1], sent);
        char end;
        if (recv(fd, &end, 1, MSG_DONTWAIT) == 0)
            exit(5);
        nanosleep(&(struct timespec){0, 200000}, NULL);
    }
}

/** A child that speaks: on the connection, or on those that it accepts. */
static pid_t child(int connection, int listener) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    do {
        int fd = connection >= 0 ? connection : accept(listener, NULL, NULL);
        uint64_t features;
        int spoke = say(fd, GET_FEATURES, 0, NULL, 0, -1) == 0 && hear(fd, &features) == 0;
        printf(spoke ? "spoke\n" : "refused\n");
        fflush(stdout);
        char end;
        while (recv(fd, &end, 1, 0) > 0) {
        }
        close(fd);
    } while (connection < 0);
    exit(0);
}

static void serve(const char *path, int listening) {
    int listener = listening ? address_of(path, bind) : -1;
    if (listening && listen(listener, 8) != 0)
        die("listen");
    printf("ready\n");
    fflush(stdout);
    char command[16];
    pid_t pid = -1;
    while (fgets(command, sizeof command, stdin) != NULL) {
        if (strcmp(command, "child\n") == 0) {
            int connection = listening ? -1 : address_of(path, connect);
            pid = child(connection, listener);
            if (connection >= 0)
                close(connection);
        } else {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            printf("killed\n");
            fflush(stdout);
        }
    }
    kill(pid, SIGKILL);
}

int main(int count, char **arguments) {
    if (count >= 3 && strcmp(arguments[1], "run") == 0) {
        if (count > 3)
            steps_left = atol(arguments[3]);
        run(arguments[2]);
    } else if (count == 3) {
        serve(arguments[2], strcmp(arguments[1], "listen") == 0);
    }
    return 0;
}
