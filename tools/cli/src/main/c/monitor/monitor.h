// SPDX-License-Identifier: Apache-2.0
// vhost4j-monitor is a proxy between QEMU's monitor and its clients. It forwards every byte and every descriptor, answers
// query-platforms, and adds the platforms to four replies of QEMU. Nothing is allocated: all buffers are static, and
// pages that are not used are not resident.
#ifndef VHOST4J_MONITOR_H
#define VHOST4J_MONITOR_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A text without a terminating NUL.
struct span {
    const char *at;
    size_t length;
};

// A member of a JSON object. The key is without its quotes.
struct member {
    struct span key;
    struct span value;
    // From the key's quote to the end of the value.
    struct span whole;
};

// json.c

// Returns the end of the value that starts at `at`, or NULL if it does not end before `end`.
const char *json_value_end(const char *at, const char *end);
const char *json_skip_space(const char *at, const char *end);
// Returns the number of an object's members, or -1 if it is not an object or has more than `most`.
int json_members(struct span object, struct member *into, int most);
// Reads the array element after `*cursor`, which is initially the array's start. Returns false at the end of the array.
bool json_next(struct span array, const char **cursor, struct span *element);
// Decodes a string without its quotes. Returns the length, or -1 when it is longer than `size` or not ASCII.
int json_decode(struct span inner, char *into, size_t size);
// Returns whether a string without its quotes equals `word` after unescaping.
bool json_reads(struct span inner, const char *word);
// Returns whether a value is the string `word`.
bool json_is_string(struct span value, const char *word);

// data.c: the platforms, from the Java program.

#define MACHINES_MOST 512
#define PLATFORMS_MOST 128
// A machine has another name for each platform: MACHINE_PLATFORM.
#define NAMES_MOST 8192

struct data {
    // The answer to query-platforms, with and without compat-props.
    struct span platforms;
    struct span brief;
    // Elements of query-qmp-schema, separated by commas, with @0@ to @9@ for the numbers of their types.
    struct span schema;
    struct span machines[MACHINES_MOST];
    struct span names[PLATFORMS_MOST];
    int machine_count;
    int name_count;
};

extern struct data data;
// Reads the whole file. Returns NULL, or a description of the error.
const char *data_read(int fd);

// wrap.c: commands of interest are sent to QEMU with a generated id, which identifies their replies.

enum kind { PLATFORMS = 'p', BRIEF = 'b', MACHINES = 'm', SCHEMA = 's', COMMANDS = 'c', CHARDEVS = 'x' };

#define MARK_LENGTH 32
// Random, so that it cannot be equal to a client's id.
extern char mark[MARK_LENGTH + 1];
bool mark_make(void);
// Returns the kind in a generated id, 0 for any other id. Sets `own` to the client's id, or empty when the client gave none.
int mark_kind(struct span id, struct span *own);

// commands.c: a client's bytes.

// The longest message that is held back until its command is known. A longer one is forwarded.
#define HOLD_MOST 65536
#define CHUNK 16384
#define COMMANDS_ROOM (HOLD_MOST + 8 * CHUNK)

extern char commands_out[COMMANDS_ROOM];
extern size_t commands_length;
// The number of unanswered commands whose answers must be changed.
extern unsigned outstanding;
void commands_reset(void);
// Processes up to CHUNK bytes from the client, and writes the data for QEMU to commands_out, which must be empty.
void commands_take(const char *bytes, size_t length);
// Forwards the held data unchanged.
void commands_let_pass(void);

// answers.c: QEMU's bytes.

// The maximum number of segments. A machine's name needs nine, and sixteen with all omitted members.
#define SEGMENT_MOST (16 * NAMES_MOST)

struct segments {
    struct span all[SEGMENT_MOST];
    size_t count;
    // There were too many segments, so that the reply would be incomplete.
    bool overflow;
};

extern struct segments segments;
void answers_reset(void);
// Returns the buffer for the next bytes from QEMU.
char *answers_room(size_t *room);
// Processes bytes that were read into that buffer, and fills `segments` with the data for the client.
void answers_take(size_t length);
// Called when all segments were sent. Returns true when there is more to send without another read.
bool answers_sent(void);
void answers_paths(const char *inner, const char *outer);

// relay.c: one client.

// The pidfd of the QEMU for whose end this process waits.
struct qemu {
    int pidfd;
    pid_t pid;
    // The process that created the inner socket.
    pid_t creator;
    bool ended;
    // Connects to the inner socket: /proc/self/fd/N.
    char inner[32];
};

int qemu_connect(struct qemu *qemu);
// Called when the pidfd is readable. A QEMU that became a daemon continues in another process.
void qemu_check(struct qemu *qemu);
void relay(struct qemu *qemu, int client, int *listening);

#endif
