// The files of `templates/`, and the header of the plugin interface, as bytes in the program: an installed `patchbay` is one file.
#ifndef CTEMPLATES_H
#define CTEMPLATES_H

#include <stddef.h>

struct ctemplates_file {
    // Below `templates/`; or the header's own name.
    const char *path;
    const unsigned char *bytes;
    size_t count;
};

// The number of files, and each of them.
size_t ctemplates_count(void);
struct ctemplates_file ctemplates_file(size_t index);

#endif
