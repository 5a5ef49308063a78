// SPDX-License-Identifier: Apache-2.0
/*
 * state odd PROGRAM ARGUMENT...: gives this process an unusual state, and executes PROGRAM.
 * state tap NAME PROGRAM ARGUMENT...: passes a TAP of that name to PROGRAM as descriptor 9.
 * state ARGUMENT...: replaces a QEMU. It answers QMP on standard input and output; with other arguments it prints its state.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void move(int from, int to)
{
    if (from != to) {
        dup2(from, to);
        close(from);
    }
}

static int odd(char **arguments)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        return 1;
    }
    move(pair[0], 23);
    move(pair[1], 97);
    move(open("/dev/null", O_RDONLY), 5);
    move(open("/dev/zero", O_RDWR | O_APPEND), 3);
    fcntl(open("/dev/full", O_RDWR), F_DUPFD_CLOEXEC, 40);
    close(0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (getenv("IGNORE_CHILDREN")) {
        signal(SIGCHLD, SIG_IGN);
    }
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGALRM);
    if (!getenv("IGNORE_CHILDREN")) {
        sigaddset(&blocked, SIGCHLD);
    }
    sigaddset(&blocked, SIGRTMIN + 3);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    raise(SIGUSR1);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 120;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
    umask(0127);
    nice(3);
    personality(ADDR_NO_RANDOMIZE);
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    char **environment = calloc(count + 8, sizeof *environment);
    memcpy(environment, environ, count * sizeof *environment);
    environment[count++] = "TWICE=1";
    environment[count++] = "TWICE=2";
    environment[count++] = "without an equals sign";
    environment[count++] = "a-b=\xff\xfe";
    environment[count++] = "SHLVL=7";
    environment[count++] = "_=odd";
    environment[count++] = "JAVA_TOOL_OPTIONS=-XX:NoSuchOptionAtAll";
    printf("pid %d\n", getpid());
    fflush(stdout);
    execve(arguments[0], arguments, environment);
    perror(arguments[0]);
    return 1;
}

static int pass_tap(char **arguments)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, arguments[0], IFNAMSIZ - 1);
    int tap = open("/dev/net/tun", O_RDWR);
    if (ioctl(tap, TUNSETIFF, &request) < 0) {
        perror("TUNSETIFF");
        return 1;
    }
    move(tap, 9);
    execv(arguments[1], arguments + 1);
    perror(arguments[1]);
    return 1;
}

/* As QEMU does, it answers each command at once; who asks may wait for the answer before it sends the next command. */
static int answer_qmp(void)
{
    char line[4096];
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 1, \"major\": 9}}}}");
    while (fgets(line, sizeof line, stdin)) {
        if (strstr(line, "machines-alone")) {
            puts("{\"return\": [{\"name\": \"pc-q35-9.1\", \"alias\": \"q35\", \"is-default\": true}], \"id\": \"machines-alone\"}");
        } else if (strstr(line, "device-list-properties")) {
            puts("{\"return\": [{\"name\": \"host_uso\"}, {\"name\": \"guest_uso4\"}, {\"name\": \"guest_uso6\"}, {\"name\": \"csum\"}"
                 ", {\"name\": \"guest_csum\"}, {\"name\": \"guest_tso4\"}, {\"name\": \"guest_tso6\"}, {\"name\": \"guest_ecn\"}"
                 ", {\"name\": \"guest_ufo\"}, {\"name\": \"host_tso4\"}, {\"name\": \"host_tso6\"}, {\"name\": \"host_ecn\"}"
                 ", {\"name\": \"host_ufo\"}, {\"name\": \"queue_reset\"}, {\"name\": \"mrg_rxbuf\"}, {\"name\": \"in_order\"}"
                 "], \"id\": \"properties\"}");
        } else if (strstr(line, "\"arm-cpu\"}")) {
            puts("{\"return\": [], \"id\": \"arm-cpu\"}");
        } else if (strstr(line, "\"quit\"")) {
            puts("{\"return\": {}}");
            return 0;
        } else {
            puts("{\"return\": {}}");
        }
    }
    return 0;
}

static void print_file(const char *name)
{
    char line[65536];
    FILE *in = fopen(name, "re");
    while (in && fgets(line, sizeof line, in)) {
        printf("%s", line);
    }
    fclose(in);
}

static void print_status(void)
{
    static const char *const NAMES[] = {"Umask", "PPid", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "Cap", "NoNewPrivs",
                                        "Seccomp", "Uid", "Gid", "Groups", "NStgid", "Threads"};
    char line[4096];
    FILE *in = fopen("/proc/self/status", "re");
    while (fgets(line, sizeof line, in)) {
        for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
            if (strncmp(line, NAMES[i], strlen(NAMES[i])) == 0 && strncmp(line, "SigQ", 4) != 0) {
                printf("%s", line);
            }
        }
    }
    fclose(in);
}

static void print_descriptors(void)
{
    for (int i = 0; i < 4096; i++) {
        char link[64], target[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", i);
        ssize_t length = readlink(link, target, sizeof target - 1);
        if (length >= 0) {
            target[length] = 0;
            target[strcspn(target, "[")] = 0;
            printf("descriptor %d %s %x %x\n", i, target, fcntl(i, F_GETFL), fcntl(i, F_GETFD));
        }
    }
}

static void print_environment(void)
{
    FILE *in = fopen("/proc/self/environ", "re");
    for (int byte = fgetc(in); byte != EOF; byte = fgetc(in)) {
        printf("%02x", byte);
    }
    printf("\n");
    fclose(in);
}

int main(int count, char **arguments)
{
    if (count > 2 && strcmp(arguments[1], "odd") == 0) {
        return odd(arguments + 2);
    }
    if (count > 3 && strcmp(arguments[1], "tap") == 0) {
        return pass_tap(arguments + 2);
    }
    if (count > 1 && strcmp(arguments[count - 1], "stdio") == 0) {
        return answer_qmp();
    }
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    char directory[4096], children[64];
    printf("pid %d\n", getpid());
    print_descriptors();
    print_status();
    print_file("/proc/self/limits");
    print_file("/proc/self/cgroup");
    print_environment();
    snprintf(children, sizeof children, "/proc/self/task/%d/children", getpid());
    printf("children: ");
    print_file(children);
    printf("\ndeath signal %d, personality %x, nice %d, directory %s\n", death, personality(0xffffffff), getpriority(PRIO_PROCESS, 0),
           getcwd(directory, sizeof directory));
    for (int i = 0; i < count; i++) {
        printf("argument %s\n", arguments[i]);
    }
    return 0;
}
