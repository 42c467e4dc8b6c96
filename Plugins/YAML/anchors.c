/* A balanced tree (tsearch): a message with a hundred thousand anchors costs no more than its length, whatever they are called. */
#define _GNU_SOURCE
#include "codec.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right) { return strcmp(((const anchor *)left)->name, ((const anchor *)right)->name); }

static void free_anchor(void *pointer) {
    anchor *self = pointer;
    free(self->name);
    free(self);
}

anchor *anchors_find(anchors *anchors, const char *name, int make) {
    anchor wanted = {.name = (char *)(uintptr_t)name}, *made;
    void *node = tfind(&wanted, &anchors->tree, by_name);
    if (node != NULL) return *(anchor **)node;
    if (!make) return NULL;
    made = calloc(1, sizeof *made);
    if (made != NULL) made->name = strdup(name);
    if (made == NULL || made->name == NULL || tsearch(made, &anchors->tree, by_name) == NULL) {
        if (made != NULL) free_anchor(made);
        return NULL;
    }
    return made;
}

void anchors_free(anchors *anchors) { tdestroy(anchors->tree, free_anchor); }
