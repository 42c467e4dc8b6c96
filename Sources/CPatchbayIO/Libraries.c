#define _GNU_SOURCE
#include "CPatchbayIO.h"

#include <dlfcn.h>
#include <link.h>

const void *cpb_library_of_handle(void *handle) {
    struct link_map *map = NULL;
    return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 ? map : NULL;
}

const void *cpb_library_of_address(const void *address) {
    Dl_info info;
    struct link_map *map = NULL;
    return dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}
