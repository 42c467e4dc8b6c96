/* libffi, with accessors for its types: they are mutable globals, which Swift does not let concurrent code touch. */
#ifndef CLIBFFI_H
#define CLIBFFI_H

#include <ffi.h>

static inline ffi_type *clibffi_void(void) { return &ffi_type_void; }
static inline ffi_type *clibffi_uint8(void) { return &ffi_type_uint8; }
static inline ffi_type *clibffi_sint8(void) { return &ffi_type_sint8; }
static inline ffi_type *clibffi_uint16(void) { return &ffi_type_uint16; }
static inline ffi_type *clibffi_sint16(void) { return &ffi_type_sint16; }
static inline ffi_type *clibffi_uint32(void) { return &ffi_type_uint32; }
static inline ffi_type *clibffi_sint32(void) { return &ffi_type_sint32; }
static inline ffi_type *clibffi_uint64(void) { return &ffi_type_uint64; }
static inline ffi_type *clibffi_sint64(void) { return &ffi_type_sint64; }
static inline ffi_type *clibffi_float(void) { return &ffi_type_float; }
static inline ffi_type *clibffi_double(void) { return &ffi_type_double; }
static inline ffi_type *clibffi_pointer(void) { return &ffi_type_pointer; }

#endif
