/* A non-blocking byte stream over TCP, in the clear or, once a handshake has begun, in TLS 1.3. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

/* What reading, writing and shaking hands return when they move nothing. */
enum { STREAM_AGAIN = 0, STREAM_CLOSED = -1 };

struct stream {
    int socket;
    SSL *tls;
};

/* True for 127.0.0.0/8: nothing here may ever speak to another machine. */
bool is_loopback(struct in_addr address);

/* A socket that is connecting, or -1. */
int stream_connect(struct stream *stream, const struct sockaddr_in *peer);

void stream_begin_tls(struct stream *stream, SSL_CTX *context, bool as_client);

/* 1 when the handshake is done. */
int stream_shake_hands(struct stream *stream);

ssize_t stream_read(struct stream *stream, void *buffer, size_t room);
ssize_t stream_write(struct stream *stream, const void *bytes, size_t length);
void stream_close(struct stream *stream);

/* Contexts end the program with a message when they cannot be made. A client that may resume keeps tickets. */
SSL_CTX *client_context(bool may_resume);
SSL_CTX *server_context(const char *certificate, const char *key);

/* CLOCK_MONOTONIC for spans, CLOCK_REALTIME for moments; seconds. */
double seconds_of(clockid_t clock);

#endif
