/* sink: an SMTP server on this machine that takes every message, keeps none, and counts them in a file of 64-bit integers.
 *
 * It listens on 127.0.0.0/8 only and ends with the process that started it, or after --seconds. */
#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, BACKLOG = 4096, TICK_MS = 100 };

static const char USAGE[] =
    "sink --port N --counters FILE [options]\n"
    "  --address A             loopback address (127.0.0.1)\n"
    "  --certificate F --key F offer STARTTLS, TLS 1.3\n"
    "  --auth                  offer AUTH PLAIN; every log-in is good\n"
    "  --no-pipelining         do not offer PIPELINING\n"
    "  --processes N           share the port (1)\n"
    "  --ids FILE              append the Message-ID of every message\n"
    "  --seconds N             end after that\n";

struct options {
    struct sockaddr_in here;
    const char *certificate, *key, *counters, *ids;
    int processes;
    unsigned seconds;
    bool auth, no_pipelining;
};

static void give_up(const char *why)
{
    fprintf(stderr, "sink: %s\n%s", why, USAGE);
    exit(2);
}

static void read_options(int count, char **words, struct options *chosen)
{
    enum { PORT, ADDRESS, CERTIFICATE, KEY, AUTH, NO_PIPELINING, PROCESSES, COUNTERS, IDS, SECONDS };
    static const struct option options[] = {
        {"port", 1, 0, PORT}, {"address", 1, 0, ADDRESS}, {"certificate", 1, 0, CERTIFICATE}, {"key", 1, 0, KEY},
        {"auth", 0, 0, AUTH}, {"no-pipelining", 0, 0, NO_PIPELINING}, {"processes", 1, 0, PROCESSES},
        {"counters", 1, 0, COUNTERS}, {"ids", 1, 0, IDS}, {"seconds", 1, 0, SECONDS}, {0}};
    for (int option; (option = getopt_long(count, words, "", options, NULL)) != -1;) {
        switch (option) {
        case PORT: chosen->here.sin_port = htons((uint16_t)atoi(optarg)); break;
        case ADDRESS: inet_pton(AF_INET, optarg, &chosen->here.sin_addr); break;
        case CERTIFICATE: chosen->certificate = optarg; break;
        case KEY: chosen->key = optarg; break;
        case AUTH: chosen->auth = true; break;
        case NO_PIPELINING: chosen->no_pipelining = true; break;
        case PROCESSES: chosen->processes = atoi(optarg); break;
        case COUNTERS: chosen->counters = optarg; break;
        case IDS: chosen->ids = optarg; break;
        case SECONDS: chosen->seconds = (unsigned)atoi(optarg); break;
        default: give_up("unknown option");
        }
    }
    if (!chosen->here.sin_port || !chosen->counters || !chosen->certificate != !chosen->key)
        give_up("--port and --counters are needed; --certificate and --key go together");
    if (!is_loopback(chosen->here.sin_addr))
        give_up("--address must be in 127.0.0.0/8");
}

static struct counters *map_counters(const char *path, int processes)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    size_t size = sizeof(struct counters) * (size_t)processes;
    if (file < 0 || ftruncate(file, (off_t)size) != 0)
        give_up("the counter file cannot be made");
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        give_up("the counter file cannot be mapped");
    close(file);
    return mapped;
}

static int listen_on(const struct sockaddr_in *here)
{
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)here, sizeof *here) != 0 || listen(listener, BACKLOG) != 0) {
        perror("sink: listen");
        exit(EXIT_FAILURE);
    }
    return listener;
}

static void leave(struct visit *visit)
{
    stream_close(&visit->stream);
    free(visit);
}

static void admit_all(int listener, int poll, struct sink *sink)
{
    int on = 1;
    for (int socket; (socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct visit *visit = calloc(1, sizeof *visit);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = visit};
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        visit->stream.socket = socket;
        sink->counters->connections++;
        visit_begin(visit);
        epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
    }
}

static void serve(const struct options *options, struct sink *sink)
{
    int listener = listen_on(&options->here), poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
    sink->seen = options->ids ? fopen(options->ids, "a") : NULL;
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &listening);
    alarm(options->seconds);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS, TICK_MS);
        for (int index = 0; index < count; index++) {
            struct visit *visit = events[index].data.ptr;
            if (!visit)
                admit_all(listener, poll, sink);
            else if (!visit_advance(visit, sink))
                leave(visit);
        }
        if (sink->seen)
            fflush(sink->seen);
    }
}

int main(int count, char **words)
{
    struct options options = {.processes = 1,
                              .here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    struct sink sink = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    read_options(count, words, &options);
    sink.offers_login = options.auth;
    sink.offers_pipelining = !options.no_pipelining;
    sink.tls = options.certificate ? server_context(options.certificate, options.key) : NULL;
    sink.counters = map_counters(options.counters, options.processes);
    for (int process = 1; process < options.processes; process++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            sink.counters += process;
            break;
        }
    }
    serve(&options, &sink);
}
