/* One SMTP session of the sink: answers every command with yes, finds the end of each message, and counts. */
#define _GNU_SOURCE
#include "server.h"

#include <string.h>
#include <time.h>

static const char END_MARK[] = "\r\n.\r\n";
enum { END_LENGTH = sizeof END_MARK - 1 };

static void answer(struct visit *visit, const char *text)
{
    size_t length = strlen(text);
    if (visit->out_length + length > sizeof visit->out)
        return; /* a client that pipelines this much and never reads has lost its replies */
    memcpy(visit->out + visit->out_length, text, length);
    visit->out_length += length;
}

void visit_begin(struct visit *visit)
{
    answer(visit, "220 sink ESMTP\r\n");
}

static void answer_ehlo(struct visit *visit, const struct sink *sink)
{
    answer(visit, "250-sink\r\n");
    if (sink->offers_pipelining)
        answer(visit, "250-PIPELINING\r\n");
    if (sink->tls && !visit->stream.tls)
        answer(visit, "250-STARTTLS\r\n");
    if (sink->offers_login)
        answer(visit, "250-AUTH PLAIN\r\n");
    answer(visit, "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 100000000\r\n");
}

static void begin_content(struct visit *visit)
{
    answer(visit, "354 Send it, then CRLF.CRLF\r\n");
    visit->phase = CONTENT;
    visit->header_length = 0;
    visit->header_ended = false;
    /* The content begins at the start of a line: a dot there ends it at once. */
    memcpy(visit->tail, "\r\n", 2);
    visit->tail_length = 2;
}

static void logged_in(struct visit *visit, struct sink *sink)
{
    sink->counters->logins++;
    visit->phase = COMMANDS;
    answer(visit, "235 2.7.0 Welcome\r\n");
}

static bool begins(const char *line, const char *verb)
{
    return strncasecmp(line, verb, strlen(verb)) == 0;
}

static void obey(struct visit *visit, struct sink *sink, const char *line)
{
    if (visit->phase == LOGIN_SECRET)
        logged_in(visit, sink);
    else if (begins(line, "MAIL") || begins(line, "RCPT") || begins(line, "RSET") || begins(line, "NOOP"))
        answer(visit, "250 2.0.0 Good\r\n");
    else if (begins(line, "DATA"))
        begin_content(visit);
    else if (begins(line, "EHLO") || begins(line, "HELO"))
        answer_ehlo(visit, sink);
    else if (begins(line, "AUTH PLAIN "))
        logged_in(visit, sink);
    else if (begins(line, "AUTH PLAIN")) {
        answer(visit, "334 \r\n");
        visit->phase = LOGIN_SECRET;
    } else if (begins(line, "STARTTLS") && sink->tls && !visit->stream.tls) {
        answer(visit, "220 2.0.0 Begin\r\n");
        visit->phase = SHAKING;
    } else if (begins(line, "QUIT")) {
        answer(visit, "221 2.0.0 Bye\r\n");
        visit->phase = LEAVING;
    } else
        answer(visit, "502 5.5.1 Not known here\r\n");
}

/* Takes one command line at most; returns how many bytes it used, 0 when a line is too long. */
static size_t take_command(struct visit *visit, struct sink *sink, const char *bytes, size_t length)
{
    const char *feed = memchr(bytes, '\n', length);
    size_t used = feed ? (size_t)(feed - bytes) + 1 : length;
    if (visit->line_length + used >= sizeof visit->line)
        return 0;
    memcpy(visit->line + visit->line_length, bytes, used);
    visit->line_length += used;
    if (feed) {
        visit->line[visit->line_length] = '\0';
        visit->line_length = 0;
        obey(visit, sink, visit->line);
    }
    return used;
}

/* `name` begins with a line feed, which the first field of all does not have before it. */
static const char *field_value(const char *header, const char *name)
{
    const char *field = begins(header, name + 1) ? header - 1 : strcasestr(header, name);
    return field ? field + strlen(name) : NULL;
}

static void keep_header(struct visit *visit, const char *bytes, size_t length)
{
    size_t room = sizeof visit->header - 1 - visit->header_length;
    size_t more = length < room ? length : room;
    size_t from = visit->header_length < 3 ? 0 : visit->header_length - 3;
    memcpy(visit->header + visit->header_length, bytes, more);
    visit->header_length += more;
    char *blank = memmem(visit->header + from, visit->header_length - from, "\r\n\r\n", 4);
    visit->header_ended = blank || visit->header_length == sizeof visit->header - 1;
    if (blank)
        visit->header_length = (size_t)(blank - visit->header) + 2;
}

static void count_message(struct visit *visit, struct sink *sink)
{
    struct counters *counters = sink->counters;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    counters->last_message_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (!counters->first_message_ns)
        counters->first_message_ns = counters->last_message_ns;
    counters->messages++;
    visit->header[visit->header_length] = '\0';
    if (field_value(visit->header, "\nDKIM-Signature:"))
        counters->signed_messages++;
    const char *identifier = sink->seen ? field_value(visit->header, "\nMessage-ID:") : NULL;
    if (identifier) {
        identifier += strspn(identifier, " \t\r\n<");
        fprintf(sink->seen, "%.*s\n", (int)strcspn(identifier, "> \r\n"), identifier);
    }
}

/* Where the content ends: the bytes of this piece that belong to it with its end mark, or 0 when it goes on. */
static size_t find_end(const struct visit *visit, const char *bytes, size_t length)
{
    char seam[2 * sizeof visit->tail];
    size_t more = length < sizeof visit->tail ? length : sizeof visit->tail;
    memcpy(seam, visit->tail, visit->tail_length);
    memcpy(seam + visit->tail_length, bytes, more);
    const char *found = memmem(seam, visit->tail_length + more, END_MARK, END_LENGTH);
    if (found)
        return (size_t)(found - seam) + END_LENGTH - visit->tail_length;
    found = memmem(bytes, length, END_MARK, END_LENGTH);
    return found ? (size_t)(found - bytes) + END_LENGTH : 0;
}

static void keep_tail(struct visit *visit, const char *bytes, size_t length)
{
    char joined[2 * sizeof visit->tail];
    size_t more = length < sizeof visit->tail ? length : sizeof visit->tail;
    memcpy(joined, visit->tail, visit->tail_length);
    memcpy(joined + visit->tail_length, bytes + length - more, more);
    size_t all = visit->tail_length + more;
    visit->tail_length = all < sizeof visit->tail ? all : sizeof visit->tail;
    memcpy(visit->tail, joined + all - visit->tail_length, visit->tail_length);
}

static size_t take_content(struct visit *visit, struct sink *sink, const char *bytes, size_t length)
{
    size_t end = find_end(visit, bytes, length);
    size_t used = end ? end : length;
    sink->counters->bytes += used;
    if (!visit->header_ended)
        keep_header(visit, bytes, used);
    if (end) {
        count_message(visit, sink);
        answer(visit, "250 2.0.0 Taken\r\n");
        visit->phase = COMMANDS;
    } else
        keep_tail(visit, bytes, length);
    return used;
}

static bool take(struct visit *visit, struct sink *sink, const char *bytes, size_t length)
{
    while (length && visit->phase != SHAKING && visit->phase != LEAVING) {
        size_t used = visit->phase == CONTENT ? take_content(visit, sink, bytes, length)
                                              : take_command(visit, sink, bytes, length);
        if (!used)
            return false;
        bytes += used;
        length -= used;
    }
    return true;
}

static bool write_answers(struct visit *visit)
{
    while (visit->out_length) {
        ssize_t sent = stream_write(&visit->stream, visit->out, visit->out_length);
        if (sent <= 0)
            return sent == STREAM_AGAIN;
        visit->out_length -= (size_t)sent;
        memmove(visit->out, visit->out + sent, visit->out_length);
    }
    return true;
}

/* 1 when the handshake is done, else as stream_shake_hands. */
static int shake_hands(struct visit *visit, struct sink *sink)
{
    if (!visit->stream.tls)
        stream_begin_tls(&visit->stream, sink->tls, false);
    int done = stream_shake_hands(&visit->stream);
    if (done == 1) {
        visit->phase = COMMANDS;
        sink->counters->handshakes++;
        sink->counters->resumed += (uint64_t)SSL_session_reused(visit->stream.tls);
    } else if (done == STREAM_CLOSED)
        sink->counters->errors++;
    return done;
}

bool visit_advance(struct visit *visit, struct sink *sink)
{
    static char bytes[65536];
    for (;;) {
        if (!write_answers(visit) || visit->phase == LEAVING)
            return false;
        if (visit->phase == SHAKING) {
            int done = shake_hands(visit, sink);
            if (done != 1)
                return done == STREAM_AGAIN;
        }
        ssize_t got = stream_read(&visit->stream, bytes, sizeof bytes);
        if (got <= 0)
            return got == STREAM_AGAIN;
        if (!take(visit, sink, bytes, (size_t)got)) {
            sink->counters->errors++;
            return false;
        }
    }
}
