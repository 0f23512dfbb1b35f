/* Counts times in buckets about 1.6 % wide, so that percentiles need no list of samples. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    double largest;
};

void histogram_add(struct histogram *histogram, double seconds);

/* Milliseconds that `share` (0 to 1) of the samples did not exceed; 0 when there are none. */
double histogram_percentile_ms(const struct histogram *histogram, double share);

#endif
