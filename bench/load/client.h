/* One SMTP client session of the load generator, and the run that all sessions share. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "histogram.h"
#include "message.h"
#include "stream.h"

#include <stdio.h>

/* What was asked for. Zero means without a limit for rate (messages a second) and seconds. */
struct plan {
    struct sockaddr_in peer;
    int sessions;
    long messages;
    long per_connection;
    double rate;
    double seconds;
    bool starttls;
    bool pipelining;
    bool unique_recipients;
    char login[512]; /* AUTH PLAIN initial response; empty: no log-in */
    const char *sender;
    const char *recipient;
    struct message message;
};

/* What has happened so far. `issued` counts messages begun and not lost; `serial` only grows, and makes the Message-ID;
 * `late` counts messages that no session was free to begin within LATE seconds of their turn. */
static const double LATE = 0.02;

struct run {
    const struct plan *plan;
    SSL_CTX *tls;
    FILE *acknowledged;
    double began;
    long issued, serial, accepted, refused, lost, late;
    long connections, handshakes, resumed;
    struct histogram from_mail, from_dot;
};

enum phase { CLOSED, GREETING, HELLO, STARTTLS, HANDSHAKE, HELLO_AGAIN, LOGIN, MAIL, RECIPIENT, DATA, CONTENT, IDLE, QUITTING };

struct session {
    struct stream stream;
    enum phase phase;
    int replies_due;
    bool was_refused;
    long sent_here, serial;
    double mail_at, dot_at;
    double rest_until; /* while CLOSED */
    char in[4096];
    size_t in_length;
    char out[16384]; /* one TLS record */
    size_t out_length, out_sent;
    const char *body; /* what of the message still has to go through `out` */
    size_t body_left;
};

enum progress { GOES_ON, FINISHED, FAILED };

bool run_is_over(const struct run *run, double now);
bool run_is_due(const struct run *run, double now);

/* False when no socket could be made. */
bool session_open(struct session *session, struct run *run);

/* Reads and writes until the socket would block. After FINISHED or FAILED the session is CLOSED. */
enum progress session_advance(struct session *session, struct run *run);

/* For an IDLE session whose turn it may be: begins a message, or says good-bye when there are no more. */
enum progress session_wake(struct session *session, struct run *run);

#endif
