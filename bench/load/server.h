/* One SMTP session of the sink: answers every command with yes, finds the end of each message, and counts. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "counters.h"
#include "stream.h"

#include <stdio.h>

struct sink {
    SSL_CTX *tls; /* NULL: STARTTLS is not offered */
    bool offers_login;
    bool offers_pipelining;
    FILE *seen; /* gets the Message-ID of every message, or NULL */
    struct counters *counters;
};

enum visit_phase { COMMANDS, LOGIN_SECRET, CONTENT, SHAKING, LEAVING };

struct visit {
    struct stream stream;
    enum visit_phase phase;
    char line[2048];
    size_t line_length;
    char header[16384]; /* the first bytes of a message, until its header has ended */
    size_t header_length;
    bool header_ended;
    char tail[4]; /* the last bytes of the content so far: the end mark may be cut anywhere */
    size_t tail_length;
    char out[8192];
    size_t out_length;
};

void visit_begin(struct visit *visit);

/* Reads, answers and writes until the socket would block. False when the visit has ended and must be closed. */
bool visit_advance(struct visit *visit, struct sink *sink);

#endif
