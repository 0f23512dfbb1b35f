/* generator: sends one message many times over many SMTP sessions on this machine, and says how quickly it was taken.
 *
 * It speaks to 127.0.0.0/8 only, ends after a count, a time, or a minute without progress, and prints one JSON object. */
#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

enum { EVENTS = 256, TICK_MS = 10, TICK_MS_WITH_RATE = 1 };
static const double REST = 0.05;     /* seconds before a session that failed connects again */
static const double PATIENCE = 60.0; /* seconds without one accepted message */

static const char USAGE[] =
    "generator --port N [options]\n"
    "  --address A          loopback address (127.0.0.1)\n"
    "  --sessions N         at the same time (50)\n"
    "  --messages N         in all (1000)\n"
    "  --per-connection N   messages (100)\n"
    "  --message FILE       what to send; or --size BYTES for one made up\n"
    "  --from A, --to A     envelope addresses\n"
    "  --unique             a recipient of its own for each message\n"
    "  --starttls           TLS 1.3; with --resume, sessions are resumed\n"
    "  --login USER:SECRET  AUTH PLAIN\n"
    "  --pipelining         MAIL, RCPT and DATA in one write\n"
    "  --rate N             offer so many messages a second\n"
    "  --seconds N          begin no message after that\n"
    "  --ids FILE           append 'message-id TAB final reply' for every message that was accepted\n";

static void give_up(const char *why)
{
    fprintf(stderr, "generator: %s\n%s", why, USAGE);
    exit(2);
}

static void set_login(struct plan *plan, const char *pair)
{
    const char *colon = strchr(pair, ':');
    unsigned char plain[256];
    size_t length = strlen(pair);
    if (!colon || length > 200)
        give_up("--login wants USER:SECRET");
    plain[0] = '\0';
    memcpy(plain + 1, pair, length);
    plain[1 + (colon - pair)] = '\0';
    EVP_EncodeBlock((unsigned char *)plan->login, plain, (int)length + 1);
}

static void set_address(struct plan *plan, const char *text)
{
    if (inet_pton(AF_INET, text, &plan->peer.sin_addr) != 1 || !is_loopback(plan->peer.sin_addr))
        give_up("--address must be in 127.0.0.0/8: this program does not load other machines");
}

static bool read_options(int count, char **words, struct plan *plan, FILE **acknowledged)
{
    enum { PORT, ADDRESS, SESSIONS, MESSAGES, PER, FILE_OF, SIZE, FROM, TO, UNIQUE, TLS, RESUME, AUTH, PIPELINE, RATE, SECONDS, IDS };
    static const struct option options[] = {
        {"port", 1, 0, PORT}, {"address", 1, 0, ADDRESS}, {"sessions", 1, 0, SESSIONS}, {"messages", 1, 0, MESSAGES},
        {"per-connection", 1, 0, PER}, {"message", 1, 0, FILE_OF}, {"size", 1, 0, SIZE}, {"from", 1, 0, FROM},
        {"to", 1, 0, TO}, {"unique", 0, 0, UNIQUE}, {"starttls", 0, 0, TLS}, {"resume", 0, 0, RESUME},
        {"login", 1, 0, AUTH}, {"pipelining", 0, 0, PIPELINE}, {"rate", 1, 0, RATE}, {"seconds", 1, 0, SECONDS},
        {"ids", 1, 0, IDS}, {0}};
    bool resume = false;
    for (int option; (option = getopt_long(count, words, "", options, NULL)) != -1;) {
        switch (option) {
        case PORT: plan->peer.sin_port = htons((uint16_t)atoi(optarg)); break;
        case ADDRESS: set_address(plan, optarg); break;
        case SESSIONS: plan->sessions = atoi(optarg); break;
        case MESSAGES: plan->messages = atol(optarg); break;
        case PER: plan->per_connection = atol(optarg); break;
        case FILE_OF: plan->message = message_from_file(optarg); break;
        case SIZE: plan->message = message_of_size((size_t)atol(optarg)); break;
        case FROM: plan->sender = optarg; break;
        case TO: plan->recipient = optarg; break;
        case UNIQUE: plan->unique_recipients = true; break;
        case TLS: plan->starttls = true; break;
        case RESUME: resume = true; break;
        case AUTH: set_login(plan, optarg); break;
        case PIPELINE: plan->pipelining = true; break;
        case RATE: plan->rate = atof(optarg); break;
        case SECONDS: plan->seconds = atof(optarg); break;
        case IDS: *acknowledged = fopen(optarg, "a"); break;
        default: give_up("unknown option");
        }
    }
    if (!plan->peer.sin_port || !plan->message.bytes || plan->sessions < 1)
        give_up("--port, and --message or --size, are needed");
    return resume;
}

static void open_session(struct session *session, struct run *run, int poll, double now)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = session};
    if (!session_open(session, run))
        session->rest_until = now + REST;
    else
        epoll_ctl(poll, EPOLL_CTL_ADD, session->stream.socket, &event);
}

static void settle(struct session *session, enum progress progress, double now)
{
    if (progress != GOES_ON)
        session->rest_until = progress == FAILED ? now + REST : 0;
}

/* Sessions that wait for their turn, or for a connection, get it. Returns how many are still at work. */
static int tend(struct session *sessions, struct run *run, int poll)
{
    int alive = 0;
    double now = seconds_of(CLOCK_MONOTONIC);
    for (int index = 0; index < run->plan->sessions; index++) {
        struct session *session = sessions + index;
        if (session->phase == CLOSED && !run_is_over(run, now) && now >= session->rest_until)
            open_session(session, run, poll, now);
        else if (session->phase == IDLE && (run_is_due(run, now) || run_is_over(run, now)))
            settle(session, session_wake(session, run), now);
        alive += session->phase != CLOSED || !run_is_over(run, now);
    }
    return alive;
}

/* True when it ended by itself, false when nothing was accepted for a minute. */
static bool drive(struct session *sessions, struct run *run)
{
    struct epoll_event events[EVENTS];
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int tick = run->plan->rate > 0 ? TICK_MS_WITH_RATE : TICK_MS;
    long last_count = -1;
    double last_progress = run->began;
    while (tend(sessions, run, poll)) {
        int count = epoll_wait(poll, events, EVENTS, tick);
        double now = seconds_of(CLOCK_MONOTONIC);
        for (int index = 0; index < count; index++) {
            struct session *session = events[index].data.ptr;
            if (session->phase != CLOSED)
                settle(session, session_advance(session, run), now);
        }
        if (run->accepted != last_count) {
            last_count = run->accepted;
            last_progress = now;
        } else if (now - last_progress > PATIENCE)
            return false;
        if (run->acknowledged)
            fflush(run->acknowledged);
    }
    return true;
}

static void print_percentiles(const char *name, const struct histogram *times)
{
    printf(", \"%s\": {\"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name,
           histogram_percentile_ms(times, 0.5), histogram_percentile_ms(times, 0.9),
           histogram_percentile_ms(times, 0.99), times->largest * 1e3);
}

static void report(const struct run *run, double started_at, bool completed)
{
    double seconds = seconds_of(CLOCK_MONOTONIC) - run->began;
    printf("{\"accepted\": %ld, \"refused\": %ld, \"lost\": %ld, \"late\": %ld, \"completed\": %s", run->accepted,
           run->refused, run->lost, run->late, completed ? "true" : "false");
    printf(", \"started_at\": %.6f, \"seconds\": %.6f, \"rate\": %.2f", started_at, seconds,
           (double)run->accepted / seconds);
    printf(", \"connections\": %ld, \"handshakes\": %ld, \"resumed\": %ld", run->connections, run->handshakes,
           run->resumed);
    print_percentiles("mail_to_reply_ms", &run->from_mail);
    print_percentiles("dot_to_reply_ms", &run->from_dot);
    printf(", \"cpu_seconds\": %.6f}\n", seconds_of(CLOCK_PROCESS_CPUTIME_ID));
}

int main(int count, char **words)
{
    static struct run run;
    struct plan plan = {.sessions = 50, .messages = 1000, .per_connection = 100, .sender = "billing@perf.test",
                        .recipient = "user@dest.test",
                        .peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    bool resume = read_options(count, words, &plan, &run.acknowledged);
    struct session *sessions = calloc((size_t)plan.sessions, sizeof *sessions);
    double started_at = seconds_of(CLOCK_REALTIME);
    run.plan = &plan;
    run.began = seconds_of(CLOCK_MONOTONIC);
    run.tls = plan.starttls ? client_context(resume) : NULL;
    bool completed = drive(sessions, &run);
    report(&run, started_at, completed);
    return completed ? 0 : 3;
}
