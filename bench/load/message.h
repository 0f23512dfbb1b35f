/* The message that is sent: read from a file, or made in any size; ready for the wire except its Message-ID. */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stddef.h>

struct message {
    char *bytes; /* dot-stuffed, with the final dot */
    size_t length;
};

/* Both end the program with a message when they cannot. The file's own Message-ID is left out: each copy gets its own. */
struct message message_from_file(const char *path);
struct message message_of_size(size_t size);

#endif
