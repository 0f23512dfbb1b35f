/* Counts times in buckets about 1.6 % wide, so that percentiles need no list of samples. */
#include "histogram.h"

#include <math.h>

/* Microseconds below 64 have a bucket each; every doubling above is cut into 64 steps. */
static unsigned bucket_of(uint64_t microseconds)
{
    unsigned doublings = 0;
    while (microseconds >= 2 * HISTOGRAM_STEPS) {
        microseconds >>= 1;
        doublings++;
    }
    unsigned bucket = doublings * HISTOGRAM_STEPS + (unsigned)microseconds;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static double upper_end_of(unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket + 1;
    unsigned doublings = bucket / HISTOGRAM_STEPS - 1;
    return (double)((uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS + 1) << doublings);
}

void histogram_add(struct histogram *histogram, double seconds)
{
    histogram->counts[bucket_of((uint64_t)(seconds * 1e6))]++;
    histogram->total++;
    if (seconds > histogram->largest)
        histogram->largest = seconds;
}

double histogram_percentile_ms(const struct histogram *histogram, double share)
{
    double wanted = share * (double)histogram->total;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS && histogram->total; bucket++) {
        seen += histogram->counts[bucket];
        if ((double)seen >= wanted)
            return fmin(upper_end_of(bucket) / 1e6, histogram->largest) * 1e3;
    }
    return 0;
}
