// SPDX-License-Identifier: Apache-2.0
// The JSON functions that a proxy needs: the end of a value, the members of an object, the contents of a short string.
#include "monitor.h"

#include <string.h>

const char *json_skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) {
        at++;
    }
    return at;
}

// Strings have double quotes or, as QEMU accepts, single quotes.
static const char *string_end(const char *at, const char *end) {
    char quote = *at++;
    while (at < end) {
        if (*at == '\\') {
            at++;
        } else if (*at == quote) {
            return at + 1;
        }
        at++;
    }
    return NULL;
}

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

const char *json_value_end(const char *at, const char *end) {
    const char *start = at;
    size_t depth = 0;
    while (at != NULL && at < end) {
        char c = *at;
        if (c == '"' || c == '\'') {
            at = string_end(at, end);
            if (depth == 0) {
                return at;
            }
            continue;
        }
        if (depth == 0 && c != '{' && c != '[') {
            while (at < end && is_word(*at)) {
                at++;
            }
            return at > start ? at : NULL;
        }
        at++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at;
        }
    }
    return NULL;
}

static struct span between(const char *start, const char *end) { return (struct span){start, (size_t)(end - start)}; }

int json_members(struct span object, struct member *into, int most) {
    const char *at = object.at;
    const char *end = at + object.length;
    int count = 0;
    if (at >= end || *at != '{') {
        return -1;
    }
    at = json_skip_space(at + 1, end);
    if (at < end && *at == '}') {
        return 0;
    }
    for (;;) {
        const char *start = at;
        if (count == most || at >= end || (*at != '"' && *at != '\'')) {
            return -1;
        }
        const char *key_end = string_end(at, end);
        if (key_end == NULL) {
            return -1;
        }
        at = json_skip_space(key_end, end);
        if (at >= end || *at != ':') {
            return -1;
        }
        at = json_skip_space(at + 1, end);
        const char *value_end = json_value_end(at, end);
        if (value_end == NULL) {
            return -1;
        }
        into[count++] = (struct member){between(start + 1, key_end - 1), between(at, value_end), between(start, value_end)};
        at = json_skip_space(value_end, end);
        if (at < end && *at == '}') {
            return at + 1 == end ? count : -1;
        }
        if (at >= end || *at != ',') {
            return -1;
        }
        at = json_skip_space(at + 1, end);
    }
}

bool json_next(struct span array, const char **cursor, struct span *element) {
    const char *end = array.at + array.length;
    const char *at = json_skip_space(*cursor, end);
    if (at >= end || (*at != '[' && *at != ',')) {
        return false;
    }
    at = json_skip_space(at + 1, end);
    const char *value_end = json_value_end(at, end);
    if (value_end == NULL) {
        return false;
    }
    *element = between(at, value_end);
    *cursor = value_end;
    return true;
}

static int hex(struct span inner, size_t at) {
    int value = 0;
    if (inner.length - at < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = inner.at[at + i];
        const char *digit = memchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c, 16);
        if (digit == NULL) {
            return -1;
        }
        value = value * 16 + (int)(digit - digits);
    }
    return value;
}

int json_decode(struct span inner, char *into, size_t size) {
    static const char from[] = "\"'\\/bfnrt";
    static const char to[] = "\"'\\/\b\f\n\r\t";
    size_t length = 0;
    for (size_t i = 0; i < inner.length; i++) {
        int c = (unsigned char)inner.at[i];
        if (c == '\\') {
            if (++i == inner.length) {
                return -1;
            }
            if (inner.at[i] == 'u') {
                c = hex(inner, i + 1);
                i += 4;
            } else {
                const char *escape = memchr(from, inner.at[i], sizeof from - 1);
                c = escape == NULL ? -1 : to[escape - from];
            }
        }
        if (c < 1 || c > 126 || length == size) {
            return -1;
        }
        into[length++] = (char)c;
    }
    return (int)length;
}

bool json_reads(struct span inner, const char *word) {
    char text[64];
    int length = json_decode(inner, text, sizeof text);
    return length >= 0 && (size_t)length == strlen(word) && memcmp(text, word, (size_t)length) == 0;
}

bool json_is_string(struct span value, const char *word) {
    return value.length >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
           json_reads((struct span){value.at + 1, value.length - 2}, word);
}
