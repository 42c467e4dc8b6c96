# How a plugin in C is built: the part that the Makefiles beside this share. Each sets NAME and SOURCES and CHECK, the name of
# its test in Tests/CPlugins. gcc or clang is enough, and make.
#
#   make                       build/patchbay-NAME.so
#   make check                 and its tests, which load it as a host does
#   make check SANITIZE=address
#   make BUILD=/some/folder    puts everything there
#
# NEEDS names headers of libraries with their packages, as in yaml.h:libyaml-dev.
# CFLAGS and LDFLAGS are the builder's, as ever.

here := $(dir $(lastword $(MAKEFILE_LIST)))
root := $(here)../
tests := $(root)Tests/CPlugins
BUILD ?= build$(if $(SANITIZE),-$(SANITIZE))
OUTPUT := $(BUILD)/patchbay-$(NAME).so

ifeq ($(origin CC),default)
CC := $(firstword $(foreach compiler,gcc clang cc,$(if $(shell command -v $(compiler) 2>/dev/null),$(compiler))))
endif
CFLAGS ?= -O2 -g

# What is not the builder's to choose. Hidden: the entry alone is exported, and two plugins never meet each other's names.
strict := -std=c11 -Wall -Wextra -Wpedantic -Werror -fPIC -fvisibility=hidden -pthread -I$(root)Sources/CPatchbay/include -I$(here)Base64
vpath %.c $(here)Base64
link := -shared -pthread -Wl,-z,now -Wl,-z,relro
ifdef SANITIZE
strict += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
else
# What a library lacks is found here, not by whoever loads it.
link += -Wl,-z,defs
endif

# A library that is not there is said in words, before the compiler says it in its own.
ifneq ($(MAKECMDGOALS),clean)
hash := \#
has_header = $(shell echo '$(hash)include <$(1)>' | $(CC) $(CFLAGS) -E -x c - >/dev/null 2>&1 && echo yes)
$(foreach need,$(NEEDS),$(if $(call has_header,$(firstword $(subst :, ,$(need)))),,\
    $(error $(NAME) needs $(firstword $(subst :, ,$(need))): apt-get install $(lastword $(subst :, ,$(need))))))
endif

objects := $(SOURCES:%.c=$(BUILD)/%.o)
headers := $(wildcard *.h) $(here)Base64/base64.h $(root)Sources/CPatchbay/include/patchbay_plugin.h

all: $(OUTPUT)

$(OUTPUT): $(objects)
	$(CC) $(CFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(link) $(LDFLAGS) -o $@ $(objects) $(LIBRARIES)

$(BUILD)/%.o: %.c $(headers)
	@mkdir -p $(BUILD)
	$(CC) $(CFLAGS) $(strict) -c -o $@ $<

# A test is a program that loads the plugin through Tests/CPlugins/host.c; UNITS are objects that it tests from within.
$(BUILD)/check: $(tests)/$(CHECK).c $(tests)/host.c $(tests)/host.h $(OUTPUT)
	$(CC) $(CFLAGS) $(strict) -I. -I$(tests) -o $@ $(tests)/$(CHECK).c $(tests)/host.c $(UNITS:%.c=$(BUILD)/%.o) $(CHECK_LIBRARIES) -ldl

check: $(BUILD)/check
	@! readelf -d $(OUTPUT) | grep -E 'RUNPATH|RPATH'
	$(BUILD)/check $(abspath $(OUTPUT))

clean:
	rm -rf build build-*

.PHONY: all check clean
.DELETE_ON_ERROR:
