// SPDX-License-Identifier: Apache-2.0
/*
 * vhost4j-qemu [--qemu PATH] ARGUMENT...: lets a child check and complete QEMU's command line, then executes QEMU.
 *
 * A child process does the work: it runs "tools/vhost4j qemu-answer", reads the command line from its standard input, inherits every
 * descriptor that the caller passed (through which it queries TAPs and vhost-net), prints a refusal to standard error, and writes its reply
 * to its standard output. This process waits. Its own state does not change, so QEMU gets the same state as without this program:
 * descriptors, signal mask, dispositions, limits, environment, umask, control group, process id.
 *
 * Both directions consist of words, each terminated by a NUL byte. To the child: "vhost4j-qemu 1", the path given with --qemu or configured
 * (empty for none), the name by which this program was started, then the arguments. From the child, after any other output of the JVM:
 * "vhost4j-qemu 1", then pairs of a keyword and its value:
 *
 *   print TEXT      write this to standard output
 *   exit STATUS     end with this status
 *   argument WORD   QEMU's next argument, its own name first
 *   monitor N       have this monitor served by vhost4j-monitor (see monitors.h)
 *   exec PATH       become this program
 *   end             the end of the reply; its value is empty
 */
#define _GNU_SOURCE
#include "fail.h"
#include "monitors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef VHOST4J_HOME
#define VHOST4J_HOME ""
#endif

#define MAGIC "vhost4j-qemu 1"
/* The maximum size of the child's reply: execve limits QEMU's arguments to less. */
#define MOST_BYTES (16 << 20)

extern char **environ;

void fail(const char *what, const char *why)
{
    fprintf(stderr, "vhost4j: %s: %s\n", what, why);
    exit(1);
}

static void *must(void *memory)
{
    if (!memory) {
        fail("no memory", strerror(ENOMEM));
    }
    return memory;
}

static char *joined(const char *directory, const char *name)
{
    char *path = must(malloc(strlen(directory) + strlen(name) + 2));
    sprintf(path, "%s/%s", directory, name);
    return path;
}

/* Returns the value of a line "name = value" in the configuration file in this program's directory, or null. */
static char *configured(const char *file, const char *name)
{
    char *line = NULL, *value = NULL;
    size_t room = 0;
    FILE *in = fopen(file, "re");
    while (in && !value && getline(&line, &room, in) >= 0) {
        size_t length = strlen(name);
        char *at = line + strspn(line, " \t");
        if (strncmp(at, name, length) == 0) {
            at += length + strspn(at + length, " \t");
            if (*at++ == '=') {
                at += strspn(at, " \t");
                at[strcspn(at, "\r\n")] = 0;
                value = must(strdup(at));
            }
        }
    }
    free(line);
    if (in) {
        fclose(in);
    }
    return value;
}

/* Returns the directory that contains tools/vhost4j: named, configured, a parent of this program's directory, or the build directory. */
static char *find_home(const char *self, const char *configuration)
{
    const char *named = getenv("VHOST4J_HOME");
    if (named && *named) {
        return must(strdup(named));
    }
    char *home = configured(configuration, "home");
    if (home) {
        return home;
    }
    char *above = must(strdup(self));
    for (char *slash = strrchr(above, '/'); slash; slash = strrchr(above, '/')) {
        *slash = 0;
        char *script = joined(above, "tools/vhost4j");
        int there = access(script, X_OK) == 0;
        free(script);
        if (there) {
            return above;
        }
    }
    free(above);
    return must(strdup(VHOST4J_HOME));
}

/* Names the archive to tools/vhost4j, which then does not build: that would delay a guest's start. */
static void name_archive(const char *self, const char *home)
{
    char *directory = must(strdup(self));
    char *slash = strrchr(directory, '/');
    if (slash) {
        *slash = 0;
    }
    char *beside = joined(directory, "vhost4j.jar");
    char *built = joined(home, "tools/target/vhost4j.jar");
    char *archive = realpath(beside, NULL);
    if (!archive) {
        archive = realpath(built, NULL);
    }
    if (archive) {
        setenv("VHOST4J_ARCHIVE", archive, 1);
    }
}

/* In the child: default process state for a JVM, without environment variables that contain JVM options. */
static void become_resolver(const char *self, const char *home, int question, int answer, int hears_errors)
{
    for (int signal_number = 1; signal_number < NSIG; signal_number++) {
        signal(signal_number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* The caller's standard input and output are QEMU's. Copies above 2 first: the pair may be 0, 1 or 2 itself. */
    int in = fcntl(question, F_DUPFD_CLOEXEC, 3), out = fcntl(answer, F_DUPFD_CLOEXEC, 3);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0) {
        fail("cannot pass the command line to the child", strerror(errno));
    }
    if (!hears_errors) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (null != 2) {
            dup2(null, 2);
        } else {
            fcntl(2, F_SETFD, 0);
        }
    }
    unsetenv("JAVA_TOOL_OPTIONS");
    unsetenv("JDK_JAVA_OPTIONS");
    unsetenv("_JAVA_OPTIONS");
    name_archive(self, home);
    char *script = joined(home, "tools/vhost4j");
    char *command[] = {script, "qemu-answer", NULL};
    execv(script, command);
    fail(script, strerror(errno));
}

/* Creates a file in memory that contains the command line. */
static int write_question(const char *qemu, const char *name, char **arguments)
{
    int file = memfd_create("vhost4j-qemu", MFD_CLOEXEC);
    int copy = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 0);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (!out) {
        fail("cannot write the command line down", strerror(errno));
    }
    fprintf(out, "%s%c%s%c%s%c", MAGIC, 0, qemu ? qemu : "", 0, name, 0);
    for (; *arguments; arguments++) {
        fprintf(out, "%s%c", *arguments, 0);
    }
    if (fclose(out) != 0 || lseek(file, 0, SEEK_SET) < 0) {
        fail("cannot write the command line down", strerror(errno));
    }
    return file;
}

/* Reads until the peer closes. */
static char *read_all(int from, size_t *length)
{
    size_t room = 65536, have = 0;
    char *bytes = must(malloc(room));
    for (;;) {
        ssize_t got = read(from, bytes + have, room - have);
        if (got == 0) {
            *length = have;
            return bytes;
        }
        if (got < 0 && errno != EINTR) {
            fail("cannot read the reply about the command line", strerror(errno));
        }
        have += got < 0 ? 0 : (size_t) got;
        if (have == room) {
            if (room >= MOST_BYTES) {
                fail("the command line", "its answer is too long");
            }
            bytes = must(realloc(bytes, room *= 2));
        }
    }
}

static struct sigaction sigchld_of_caller;
static sigset_t blocked_by_caller, pending_for_caller;

/* The end of a child sends SIGCHLD. If the caller ignores it, waitpid gets no status. */
static void take_sigchld(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigprocmask(SIG_SETMASK, NULL, &blocked_by_caller);
    sigpending(&pending_for_caller);
    sigaction(SIGCHLD, &plain, &sigchld_of_caller);
}

/* Hides the child from QEMU: if the caller blocks SIGCHLD, a pending one is removed. */
static void give_sigchld_back(void)
{
    if (sigismember(&blocked_by_caller, SIGCHLD) && !sigismember(&pending_for_caller, SIGCHLD)) {
        struct timespec at_once = {0, 0};
        sigset_t end_of_child;
        sigemptyset(&end_of_child);
        sigaddset(&end_of_child, SIGCHLD);
        sigtimedwait(&end_of_child, NULL, &at_once);
    }
    sigaction(SIGCHLD, &sigchld_of_caller, NULL);
}

/* Runs the child and returns its answer, or ends with its status. When this process is killed, the kernel kills the child. */
static char *ask(const char *self, const char *home, int question, size_t *length)
{
    int hears_errors = fcntl(2, F_GETFD) >= 0;
    int answer[2];
    if (pipe2(answer, O_CLOEXEC) < 0) {
        fail("cannot make a pipe", strerror(errno));
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        fail("cannot start a process", strerror(errno));
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            become_resolver(self, home, question, answer[1], hears_errors);
        }
        _exit(1);
    }
    close(answer[1]);
    close(question);
    char *bytes = read_all(answer[0], length);
    close(answer[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            fail("cannot wait for the check of the command line", strerror(errno));
        }
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "vhost4j: the check of the command line was ended by signal %d (%s); QEMU was not started\n",
                WTERMSIG(status), strsignal(WTERMSIG(status)));
        exit(1);
    }
    if (WEXITSTATUS(status) != 0) {
        exit(WEXITSTATUS(status));
    }
    return bytes;
}

/* Returns the first word after the magic word; a JVM may have printed a warning before the magic word. */
static char *behind_magic(char *bytes, size_t length)
{
    char *magic = memmem(bytes, length, MAGIC, sizeof MAGIC);
    if (!magic) {
        fail("the check of the command line", "it gave no reply; QEMU was not started");
    }
    return magic + sizeof MAGIC;
}

static char *next_word(char **at, char *end)
{
    char *word = *at;
    char *nul = word < end ? memchr(word, 0, (size_t) (end - word)) : NULL;
    if (!nul) {
        fail("the check of the command line", "its answer ends early; QEMU was not started");
    }
    *at = nul + 1;
    return word;
}

static void print(const char *text)
{
    fputs(text, stdout);
    if (fflush(stdout) != 0) {
        fail("standard output", strerror(errno));
    }
}

/* Executes the reply. */
static void obey(char *bytes, size_t length)
{
    char *at = behind_magic(bytes, length), *end = bytes + length, *program = NULL;
    char **arguments = must(calloc(1, sizeof *arguments));
    size_t count = 0;
    for (;;) {
        const char *keyword = next_word(&at, end);
        char *value = next_word(&at, end);
        if (strcmp(keyword, "end") == 0) {
            break;
        } else if (strcmp(keyword, "print") == 0) {
            print(value);
        } else if (strcmp(keyword, "exit") == 0) {
            exit(atoi(value));
        } else if (strcmp(keyword, "argument") == 0) {
            arguments = must(realloc(arguments, (count + 2) * sizeof *arguments));
            arguments[count++] = value;
            arguments[count] = NULL;
        } else if (strcmp(keyword, "exec") == 0) {
            program = value;
        } else if (!monitor_word(keyword, value)) {
            fail(keyword, "is no word of an answer; QEMU was not started");
        }
    }
    if (!program || count == 0) {
        fail("the check of the command line", "its answer names no program; QEMU was not started");
    }
    start_monitors();
    give_sigchld_back();
    execve(program, arguments, environ);
    fail(program, strerror(errno));
}

/* Reads the environment with which a script was started, from a descriptor, in the format of /proc/PID/environ: NAME=VALUE and NUL. */
static void take_environment(const char *number)
{
    int descriptor = atoi(number);
    size_t length, count = 0;
    if (lseek(descriptor, 0, SEEK_SET) < 0) {
        fail("the environment", strerror(errno));
    }
    char *bytes = read_all(descriptor, &length);
    close(descriptor);
    char **all = must(calloc(length + 1, sizeof *all));
    for (char *at = bytes; at < bytes + length; at += strlen(at) + 1) {
        all[count++] = at;
        if (!memchr(at, 0, (size_t) (bytes + length - at))) {
            fail("the environment", "it ends early");
        }
    }
    environ = all;
}

int main(int count, char **arguments)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        fail("/proc/self/exe", strerror(errno));
    }
    self[length] = 0;
    char *configuration = must(malloc(sizeof self + sizeof ".conf"));
    sprintf(configuration, "%s.conf", self);

    char *name = count > 0 ? arguments[0] : "vhost4j-qemu";
    char **rest = count > 0 ? arguments + 1 : arguments;
    if (rest[0] && rest[1] && strcmp(rest[0], "--environment-of-caller") == 0) {
        take_environment(rest[1]);
        rest += 2;
    }
    const char *qemu = NULL;
    if (rest[0] && strcmp(rest[0], "--qemu") == 0) {
        if (!rest[1]) {
            fail("--qemu", "needs the path of a QEMU");
        }
        qemu = rest[1];
        rest += 2;
    } else if (rest[0] && strncmp(rest[0], "--qemu=", 7) == 0) {
        qemu = rest[0] + 7;
        rest++;
    }
    if (!qemu) {
        qemu = getenv("VHOST4J_QEMU");
    }
    if (!qemu || !*qemu) {
        qemu = configured(configuration, "qemu");
    }
    char *home = find_home(self, configuration);
    char *script = joined(home, "tools/vhost4j");
    if (access(script, X_OK) < 0) {
        fprintf(stderr,
                "vhost4j: there is no %s: name the directory of vhost4j in VHOST4J_HOME, or as 'home = ...' in %s\n",
                script, configuration);
        return 1;
    }
    take_sigchld();
    size_t answered = 0;
    char *answer = ask(self, home, write_question(qemu, name, rest), &answered);
    obey(answer, answered);
}
