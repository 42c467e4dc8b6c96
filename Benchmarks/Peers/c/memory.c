#include "memory.h"

#include "program.h"

#include <stdio.h>
#include <time.h>

// smaps_rollup counts pages; the figures in "status" lag behind with many threads.
static long resident_bytes(int process) {
    char path[64], line[256];
    long kibibytes = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    while (kibibytes < 0 && fgets(line, sizeof line, file)) sscanf(line, "Rss: %ld kB", &kibibytes);
    fclose(file);
    return kibibytes * 1024;
}

long settled_resident_bytes(int process) {
    long last = resident_bytes(process);
    for (int i = 0; i < 30; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        long next = resident_bytes(process);
        if (next == last) break;
        last = next;
    }
    return last;
}
