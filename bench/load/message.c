/* The message that is sent: read from a file, or made in any size; ready for the wire except its Message-ID. */
#define _GNU_SOURCE
#include "message.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char END[] = ".\r\n";
static const char MESSAGE_ID[] = "Message-ID:";

static void fail(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

static char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    long size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)size + 1);
    if (size < 0 || !bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        fail(path);
    fclose(file);
    *length = (size_t)size;
    return bytes;
}

/* Lines end in CRLF on the wire whatever they end in here. A folded Message-ID is not foreseen. */
struct message message_from_file(const char *path)
{
    size_t length;
    char *source = read_whole(path, &length);
    char *wire = malloc(3 * length + sizeof END + 2);
    size_t at = 0;
    bool in_header = true;
    for (char *line = source, *end = source + length; line < end;) {
        char *feed = memchr(line, '\n', (size_t)(end - line));
        char *next = feed ? feed + 1 : end;
        size_t size = (size_t)((feed ? feed : end) - line);
        if (size && line[size - 1] == '\r')
            size--;
        in_header = in_header && size > 0;
        if (!(in_header && size >= sizeof MESSAGE_ID && !strncasecmp(line, MESSAGE_ID, sizeof MESSAGE_ID - 1))) {
            if (size && line[0] == '.')
                wire[at++] = '.';
            memcpy(wire + at, line, size);
            at += size;
            wire[at++] = '\r';
            wire[at++] = '\n';
        }
        line = next;
    }
    free(source);
    memcpy(wire + at, END, sizeof END - 1);
    return (struct message){wire, at + sizeof END - 1};
}

struct message message_of_size(size_t size)
{
    static const char header[] = "From: Billing <billing@perf.test>\r\nTo: user@dest.test\r\n"
                                 "Date: Sat, 22 Nov 2025 10:00:00 +0000\r\nSubject: A large document\r\n"
                                 "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\n";
    static const char line[] = "V2FyZG1haWwgbWVhc3VyZXMgaG93IG11Y2ggbWVtb3J5IGEgbGFyZ2UgZG9jdW1lbnQgbmVlZHMu\r\n";
    char *wire = malloc(size + sizeof header + sizeof line + sizeof END);
    size_t at = sizeof header - 1;
    if (!wire)
        fail("memory for the message");
    memcpy(wire, header, at);
    while (at < size) {
        memcpy(wire + at, line, sizeof line - 1);
        at += sizeof line - 1;
    }
    memcpy(wire + at, END, sizeof END - 1);
    return (struct message){wire, at + sizeof END - 1};
}
