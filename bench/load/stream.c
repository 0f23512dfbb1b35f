/* A non-blocking byte stream over TCP, in the clear or, once a handshake has begun, in TLS 1.3. */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* OpenSSL lets a TLS 1.3 ticket be used once: with one kept at a time, sessions that begin together could not all resume. */
enum { TICKETS = 256 };
static SSL_SESSION *tickets[TICKETS];
static int tickets_kept;

double seconds_of(clockid_t clock)
{
    struct timespec moment;
    clock_gettime(clock, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec * 1e-9;
}

bool is_loopback(struct in_addr address)
{
    return (ntohl(address.s_addr) >> 24) == IN_LOOPBACKNET;
}

int stream_connect(struct stream *stream, const struct sockaddr_in *peer)
{
    int on = 1;
    stream->tls = NULL;
    stream->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->socket < 0)
        return -1;
    setsockopt(stream->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(stream->socket, (const struct sockaddr *)peer, sizeof *peer) < 0 && errno != EINPROGRESS) {
        stream_close(stream);
        return -1;
    }
    return stream->socket;
}

void stream_begin_tls(struct stream *stream, SSL_CTX *context, bool as_client)
{
    stream->tls = SSL_new(context);
    SSL_set_fd(stream->tls, stream->socket);
    if (!as_client) {
        SSL_set_accept_state(stream->tls);
        return;
    }
    SSL_set_connect_state(stream->tls);
    if (tickets_kept) {
        SSL_SESSION *ticket = tickets[--tickets_kept];
        SSL_set_session(stream->tls, ticket);
        SSL_SESSION_free(ticket);
    }
}

/* The error queue belongs to the thread, not to the connection: what one leaves behind would be blamed on the next. */
static int meaning_of(SSL *tls, int returned)
{
    int reason = SSL_get_error(tls, returned);
    ERR_clear_error();
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? STREAM_AGAIN : STREAM_CLOSED;
}

int stream_shake_hands(struct stream *stream)
{
    int returned = SSL_do_handshake(stream->tls);
    return returned == 1 ? 1 : meaning_of(stream->tls, returned);
}

static ssize_t plain_meaning(ssize_t returned)
{
    if (returned > 0)
        return returned;
    return returned < 0 && (errno == EAGAIN || errno == ENOTCONN) ? STREAM_AGAIN : STREAM_CLOSED;
}

ssize_t stream_read(struct stream *stream, void *buffer, size_t room)
{
    if (!stream->tls)
        return plain_meaning(recv(stream->socket, buffer, room, 0));
    int returned = SSL_read(stream->tls, buffer, (int)room);
    return returned > 0 ? returned : meaning_of(stream->tls, returned);
}

ssize_t stream_write(struct stream *stream, const void *bytes, size_t length)
{
    if (!stream->tls)
        return plain_meaning(send(stream->socket, bytes, length, MSG_NOSIGNAL));
    int returned = SSL_write(stream->tls, bytes, (int)length);
    return returned > 0 ? returned : meaning_of(stream->tls, returned);
}

void stream_close(struct stream *stream)
{
    if (stream->tls) {
        /* Without this OpenSSL calls the session bad, and it would not be resumed. */
        SSL_set_shutdown(stream->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(stream->tls);
    }
    stream->tls = NULL;
    if (stream->socket >= 0)
        close(stream->socket);
    stream->socket = -1;
}

static int keep_ticket(SSL *tls, SSL_SESSION *ticket)
{
    (void)tls;
    if (tickets_kept == TICKETS)
        return 0;
    tickets[tickets_kept++] = ticket;
    return 1;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)) {
        ERR_print_errors_fp(stderr);
        exit(EXIT_FAILURE);
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

SSL_CTX *client_context(bool may_resume)
{
    SSL_CTX *context = new_context(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    if (may_resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_ticket);
    }
    return context;
}

SSL_CTX *server_context(const char *certificate, const char *key)
{
    SSL_CTX *context = new_context(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1
        || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(EXIT_FAILURE);
    }
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"sink", 4);
    return context;
}
