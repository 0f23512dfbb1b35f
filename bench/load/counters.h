/* What the sink counts, in a file that anyone may read while it runs: 64-bit integers in this order, one set for each process. */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>

struct counters {
    uint64_t messages;
    uint64_t bytes;
    uint64_t signed_messages; /* with a DKIM-Signature field */
    uint64_t connections;
    uint64_t handshakes;
    uint64_t resumed;
    uint64_t logins;
    uint64_t errors;
    uint64_t first_message_ns; /* since the epoch; 0 before the first */
    uint64_t last_message_ns;
};

#endif
