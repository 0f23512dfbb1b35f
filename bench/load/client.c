/* One SMTP client session: sends what its phase asks for, counts replies, and measures. */
#define _GNU_SOURCE
#include "client.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

bool run_is_over(const struct run *run, double now)
{
    const struct plan *plan = run->plan;
    return run->issued >= plan->messages || (plan->seconds > 0 && now - run->began >= plan->seconds);
}

bool run_is_due(const struct run *run, double now)
{
    double rate = run->plan->rate;
    return rate <= 0 || now >= run->began + (double)run->issued / rate;
}

bool session_open(struct session *session, struct run *run)
{
    *session = (struct session){.phase = GREETING, .replies_due = 1};
    if (stream_connect(&session->stream, &run->plan->peer) < 0) {
        session->phase = CLOSED;
        return false;
    }
    run->connections++;
    return true;
}

static void say(struct session *session, enum phase phase, int replies, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    int length = vsnprintf(session->out, sizeof session->out, format, words);
    va_end(words);
    session->out_length = (size_t)length;
    session->out_sent = 0;
    session->phase = phase;
    session->replies_due = replies;
}

static void say_recipient(struct session *session, const struct plan *plan, char *text, size_t room)
{
    if (plan->unique_recipients)
        snprintf(text, room, "RCPT TO:<%ld-%s>\r\n", session->serial, plan->recipient);
    else
        snprintf(text, room, "RCPT TO:<%s>\r\n", plan->recipient);
}

static void begin_message(struct session *session, struct run *run, double now)
{
    const struct plan *plan = run->plan;
    char recipient[400];
    if (plan->rate > 0 && now > run->began + (double)run->issued / plan->rate + LATE)
        run->late++;
    run->issued++;
    session->serial = ++run->serial;
    session->sent_here++;
    session->mail_at = now;
    say_recipient(session, plan, recipient, sizeof recipient);
    if (plan->pipelining)
        say(session, DATA, 3, "MAIL FROM:<%s>\r\n%sDATA\r\n", plan->sender, recipient);
    else
        say(session, MAIL, 1, "MAIL FROM:<%s>\r\n", plan->sender);
}

static void next_message(struct session *session, struct run *run)
{
    double now = seconds_of(CLOCK_MONOTONIC);
    if (run_is_over(run, now) || session->sent_here >= run->plan->per_connection)
        say(session, QUITTING, 1, "QUIT\r\n");
    else if (run_is_due(run, now))
        begin_message(session, run, now);
    else
        session->phase = IDLE;
}

static void send_content(struct session *session, const struct run *run)
{
    say(session, CONTENT, 1, "Message-ID: <%ld.%d@load.test>\r\n", session->serial, getpid());
    session->body = run->plan->message.bytes;
    session->body_left = run->plan->message.length;
}

static void accepted(struct session *session, struct run *run, const char *reply)
{
    double now = seconds_of(CLOCK_MONOTONIC);
    run->accepted++;
    histogram_add(&run->from_mail, now - session->mail_at);
    histogram_add(&run->from_dot, now - session->dot_at);
    if (run->acknowledged)
        fprintf(run->acknowledged, "%ld.%d@load.test\t%s\n", session->serial, getpid(), reply);
}

static void log_in_or_send(struct session *session, struct run *run)
{
    if (run->plan->login[0])
        say(session, LOGIN, 1, "AUTH PLAIN %s\r\n", run->plan->login);
    else
        next_message(session, run);
}

/* All replies to what was said last have come, and none of them refused. */
static enum progress answered(struct session *session, struct run *run, const char *reply)
{
    char recipient[400];
    switch (session->phase) {
    case GREETING:
        say(session, HELLO, 1, "EHLO load.test\r\n");
        break;
    case HELLO:
        if (run->plan->starttls)
            say(session, STARTTLS, 1, "STARTTLS\r\n");
        else
            log_in_or_send(session, run);
        break;
    case STARTTLS:
        stream_begin_tls(&session->stream, run->tls, true);
        session->phase = HANDSHAKE;
        break;
    case HELLO_AGAIN:
        log_in_or_send(session, run);
        break;
    case LOGIN:
        next_message(session, run);
        break;
    case MAIL:
        say_recipient(session, run->plan, recipient, sizeof recipient);
        say(session, RECIPIENT, 1, "%s", recipient);
        break;
    case RECIPIENT:
        say(session, DATA, 1, "DATA\r\n");
        break;
    case DATA:
        send_content(session, run);
        break;
    case CONTENT:
        accepted(session, run, reply);
        next_message(session, run);
        break;
    case QUITTING:
        return FINISHED;
    default:
        return FAILED;
    }
    return GOES_ON;
}

static enum progress take_reply(struct session *session, struct run *run, const char *line)
{
    if (line[0] != '2' && line[0] != '3') {
        if (session->phase != QUITTING && run->refused++ < 3)
            fprintf(stderr, "generator: refused in phase %d: %s\n", session->phase, line);
        session->was_refused = true;
    }
    if (--session->replies_due > 0)
        return GOES_ON;
    return session->was_refused ? FAILED : answered(session, run, line);
}

static enum progress take_lines(struct session *session, struct run *run)
{
    char *line = session->in, *end = session->in + session->in_length, *feed;
    while ((feed = memchr(line, '\n', (size_t)(end - line)))) {
        bool is_last = feed - line >= 3 && line[3] != '-';
        *feed = '\0';
        if (feed > line && feed[-1] == '\r')
            feed[-1] = '\0';
        enum progress progress = is_last ? take_reply(session, run, line) : GOES_ON;
        if (progress != GOES_ON)
            return progress;
        line = feed + 1;
        if (session->phase == HANDSHAKE)
            line = end; /* what came in the clear after 220 does not count */
    }
    session->in_length = (size_t)(end - line);
    memmove(session->in, line, session->in_length);
    return session->in_length < sizeof session->in ? GOES_ON : FAILED;
}

static void fill(struct session *session)
{
    if (session->out_sent == session->out_length)
        session->out_sent = session->out_length = 0;
    size_t room = sizeof session->out - session->out_length;
    size_t more = session->body_left < room ? session->body_left : room;
    memcpy(session->out + session->out_length, session->body, more);
    session->out_length += more;
    session->body += more;
    session->body_left -= more;
    if (!session->body_left)
        session->dot_at = seconds_of(CLOCK_MONOTONIC);
}

static bool write_all(struct session *session)
{
    for (;;) {
        if (session->body_left)
            fill(session);
        if (session->out_sent == session->out_length)
            return true;
        size_t left = session->out_length - session->out_sent;
        ssize_t sent = stream_write(&session->stream, session->out + session->out_sent, left);
        if (sent <= 0)
            return sent == STREAM_AGAIN;
        session->out_sent += (size_t)sent;
    }
}

static enum progress shake_hands(struct session *session, struct run *run)
{
    int done = stream_shake_hands(&session->stream);
    if (done != 1)
        return done == STREAM_AGAIN ? GOES_ON : FAILED;
    run->handshakes++;
    run->resumed += SSL_session_reused(session->stream.tls);
    say(session, HELLO_AGAIN, 1, "EHLO load.test\r\n");
    return GOES_ON;
}

static enum progress converse(struct session *session, struct run *run)
{
    for (;;) {
        if (session->phase == HANDSHAKE) {
            enum progress progress = shake_hands(session, run);
            if (progress != GOES_ON || session->phase == HANDSHAKE)
                return progress;
        }
        if (!write_all(session))
            return FAILED;
        char *free_room = session->in + session->in_length;
        ssize_t got = stream_read(&session->stream, free_room, sizeof session->in - session->in_length);
        if (got <= 0)
            return got == STREAM_AGAIN ? GOES_ON : FAILED;
        session->in_length += (size_t)got;
        enum progress progress = take_lines(session, run);
        if (progress != GOES_ON)
            return progress;
    }
}

/* A message without an answer is begun again under a new Message-ID: whether the peer kept it cannot be known. */
static enum progress closed(struct session *session, struct run *run, enum progress progress)
{
    bool in_message = session->phase >= MAIL && session->phase <= CONTENT;
    if (progress == FAILED && in_message)
        run->issued--;
    if (progress == FAILED && !session->was_refused)
        run->lost++;
    stream_close(&session->stream);
    session->phase = CLOSED;
    return progress;
}

enum progress session_advance(struct session *session, struct run *run)
{
    enum progress progress = converse(session, run);
    return progress == GOES_ON ? GOES_ON : closed(session, run, progress);
}

enum progress session_wake(struct session *session, struct run *run)
{
    next_message(session, run);
    return session->phase == IDLE ? GOES_ON : session_advance(session, run);
}
